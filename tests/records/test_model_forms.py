from inspect import signature

import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.model_forms import MODEL_FORMS, listed_forms, needs_no_card
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.adapters import adapter


def test_every_form_has_an_adapter():
    for prefix, form in MODEL_FORMS.items():
        assert form.startswith(f"{prefix}:")
        location, options, *others = signature(adapter(prefix).load).parameters.values()
        assert (location.name, options.name) == ("location", "options")
        assert all(each.default is None for each in others)  # for example the card of a hub model


def test_help_and_documentation_name_every_form():
    told = CliRunner().invoke(main, ["evaluate", "--help"]).output
    for text in (told, load_segmenter.__doc__):
        words = "".join(text.split())
        for form in MODEL_FORMS.values():
            assert "".join(form.split()) in words


def test_forms_in_words():
    assert listed_forms() == (
        "exported:<file>, hf:<hub id or folder>, onnx:<file>, predictions:<folder>, "
        "python:<module>:<callable> or tflite:<file>"
    )


@pytest.mark.parametrize("model", ["hf", "segformer-b0", "C:\\models\\mine.toml", "mine.toml"])
def test_a_card_is_of_no_form(model):
    assert not needs_no_card(model)
