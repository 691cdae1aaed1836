"""Where a card's weights come from; every server is on this machine."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from robustbench_seg.errors import CardError, WeightsError
from robustbench_seg.records.cards.model_card import list_models, load_card
from robustbench_seg.segmenter import load_model
from robustbench_seg.weights import (
    cached_weights,
    fetch_hub_folder,
    fetch_weights,
    parse_source,
    read_weights,
    save_weights,
)
from robustbench_seg.weights.sources.source_text import named_digest

CARD = """
architecture = "segformer"
dataset = "cityscapes"
classes = 5
[weights]
{weights}
[preprocessing]
mean = [0.4, 0.5, 0.6]
std = [0.2, 0.25, 0.3]
[inference]
mode = "whole"
"""
REPOSITORY = "someone/segformer-b0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def card(tmp_path):
    def written(**weights):
        lines = "\n".join(f'{key} = "{value}"' for key, value in weights.items())
        (tmp_path / "mine.toml").write_text(CARD.format(weights=lines))
        return load_card(tmp_path / "mine.toml")

    return written


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network of five classes and the bytes of its weight file."""
    network = load_model("segformer-b0", weights="none", num_classes=5)
    path = tmp_path_factory.mktemp("weights") / "a.safetensors"
    save_weights(path, network.state_dict(), {"num_classes": "5"})
    return network, path.read_bytes()


@pytest.fixture
def hub(server, monkeypatch, tmp_path, weights):
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + template)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    server.files[f"/{REPOSITORY}/resolve/main/pytorch_model.bin"] = weights[1]
    server.headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(weights[1]).hexdigest()}"'}
    return server


def message(call):
    with pytest.raises(WeightsError) as raised:
        call()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_whose_weights_are_not_at_hand_downloads_them_once(server, card, cache, weights):
    network, data = weights
    digits = hashlib.sha256(data).hexdigest()[:8]
    name = f"b0-{digits}.pth"
    server.files[f"/some/{name}"] = data
    mine = card(source="url", location=f"{server.url}/some/{name}", sha256=digits)
    assert cached_weights(mine) is None
    loaded = load_model(mine.folder / "mine.toml")
    for key, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    assert cached_weights(mine) == cache / name
    load_model(mine.folder / "mine.toml")
    assert len(server.requests) == 1


@pytest.mark.parametrize("digits", ["0" * 8, "0" * 64])
def test_the_digest_of_a_card_is_binding(server, card, cache, digits):
    server.files["/b0-00000000.pth"] = b"PK other bytes"
    mine = card(source="url", location=f"{server.url}/b0-00000000.pth", sha256=digits)
    assert "not the expected one: its sha256 begins with" in message(lambda: fetch_weights(mine))
    # A file put there by hand is also verified.
    (cache / "b0-00000000.pth").write_bytes(b"PK other bytes")
    assert "not the expected one" in message(lambda: fetch_weights(mine))


def test_the_digest_of_a_url_s_fragment_is_binding(server, card):
    digits = hashlib.sha256(b"PK bytes").hexdigest()
    server.files["/b0.pth"] = b"PK bytes"
    mine = card(source="none")

    def fetched(fragment):
        source = parse_source(f"{server.url}/b0.pth#sha256={fragment}")
        return fetch_weights(replace(mine, weights=source))

    assert fetched(digits).read_bytes() == fetched(digits[:8].upper()).read_bytes() == b"PK bytes"
    assert server.requests == [("GET", "/b0.pth", None)]
    assert "not the expected one: its sha256 begins with" in message(lambda: fetched("0" * 8))
    for wrong in ("", "1234567", "g" * 8):
        assert message(lambda wrong=wrong: parse_source(f"https://a/b#sha256={wrong}")) == (
            f"https://a/b#sha256={wrong}: write 8 to 64 hexadecimal digits after #sha256="
        )


def test_digits_in_a_file_s_name_are_a_hint_only(server, card, caplog):
    digits = hashlib.sha256(b"PK bytes").hexdigest()
    server.files |= {f"/b0-{name}.pth": b"PK bytes" for name in ("7f3c2a1b", digits[:8])}
    right, wrong = (
        card(source="url", location=f"{server.url}/b0-{name}.pth")
        for name in (digits[:8], "7f3c2a1b")
    )
    assert fetch_weights(right).read_bytes() == b"PK bytes"
    assert not caplog.messages
    assert fetch_weights(wrong).read_bytes() == b"PK bytes"
    assert caplog.messages == [
        f"{server.url}/b0-7f3c2a1b.pth: its name ends in 7f3c2a1b, but its sha256 begins with "
        f"{digits[:8]}; it is used nevertheless. Add #sha256={digits[:16]} to the URL to verify it"
    ]


def test_shipped_cards_state_the_digest_that_their_file_s_name_ends_in():
    sources = [load_card(name).weights for name in list_models()]
    named = {source.location: source.sha256 for source in sources if source.source == "url"}
    said = {url: digits for url in named if (digits := named_digest(url))}
    assert len(said) > 30
    assert {url: named[url] for url in said} == said


def test_equal_names_of_different_places_do_not_mix(server, card):
    server.files |= {"/one/model.pth": b"PK one", "/two/model.pth": b"PK two"}
    one, two = (
        fetch_weights(card(source="url", location=f"{server.url}/{n}/model.pth"))
        for n in ("one", "two")
    )
    assert (one.read_bytes(), two.read_bytes()) == (b"PK one", b"PK two")


def tar_gz(names):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return packed.getvalue()


def bomb():
    """100 MB of zeros as the header of a member, which tarfile keeps in memory."""
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 100 << 20
    return gzip.compress(member.tobuf() + bytes(100 << 20))


def test_an_archive_is_unpacked(server, card, cache):
    names = ["a/model.ckpt.index", "a/model.ckpt.data-00000-of-00001", "a/frozen.pb"]
    server.files["/a.tar.gz"] = tar_gz(names)
    mine = card(source="url", location=f"{server.url}/a.tar.gz")
    index = fetch_weights(mine)
    assert index.name == "model.ckpt.index"
    assert {path.name for path in index.parent.iterdir()} == {n.partition("/")[2] for n in names}
    assert fetch_weights(mine) == cached_weights(mine) == index
    assert len(server.requests) == 1
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (tar_gz(["../outside.index"]), "cannot be unpacked ("),
        (b"PK no archive", "cannot be unpacked ("),
        (tar_gz(["a.index"])[:40], "cannot be unpacked ("),
        (bomb(), "MB, which is too much for weights; get the file from its publisher"),
        (tar_gz(["frozen.pb"]), "expected one checkpoint (*.index) in it, got 0"),
    ],
    ids=["a way out", "no archive", "cut", "bomb", "no checkpoint"],
)
def test_an_archive_without_a_checkpoint_is_refused(server, card, cache, content, reason):
    server.files["/a.tar.gz"] = content
    mine = card(source="url", location=f"{server.url}/a.tar.gz")
    assert reason in message(lambda: fetch_weights(mine))
    assert not list(cache.parent.glob("outside*"))


def test_weights_for_people_are_fetched_by_hand(card, cache):
    mine = card(source="manual", location="https://drive.example/uc?id=1")
    assert message(lambda: fetch_weights(mine)) == (
        "https://drive.example/uc?id=1 cannot be downloaded by a program; download it in a browser "
        f"and save it as {cache / 'mine.pth'}"
    )
    cache.mkdir()
    (cache / "mine.pth").write_bytes(b"<!DOCTYPE html>Can't scan this file for viruses")
    assert "a web page, not weights" in message(lambda: fetch_weights(mine))
    (cache / "mine.pth").write_bytes(b"PK")
    assert fetch_weights(mine) == cached_weights(mine) == cache / "mine.pth"


def test_the_hub_is_asked_for_its_file_once(hub, card, weights):
    mine = card(source="huggingface", location=REPOSITORY)
    assert cached_weights(mine) is None
    file = fetch_weights(mine)
    assert file.name == "pytorch_model.bin"
    assert file.read_bytes() == weights[1]
    asked = len(hub.requests)
    assert fetch_weights(mine) == cached_weights(mine) == file
    assert len(hub.requests) == asked


def test_weights_in_several_files_come_with_all_of_them(hub, card, weights):
    network, data = weights
    mine = card(source="huggingface", location=REPOSITORY)
    hub.files = {
        f"/{REPOSITORY}/resolve/main/model.safetensors.index.json": json.dumps(
            {"weight_map": dict.fromkeys(network.state_dict(), "one.safetensors")}
        ).encode()
    }
    assert "one.safetensors" in message(lambda: fetch_weights(mine))
    assert cached_weights(mine) is None
    hub.files[f"/{REPOSITORY}/resolve/{COMMIT}/one.safetensors"] = data
    hub.headers["ETag"] = f'"{hashlib.sha1(b"another file").hexdigest()}"'
    file = fetch_weights(mine)
    assert file == cached_weights(mine)
    assert read_weights(file).tensors.keys() == network.state_dict().keys()


def test_the_hub_is_asked_for_the_card_s_revision(hub, card, weights):
    mine = card(source="huggingface", location=REPOSITORY, revision=COMMIT)
    hub.files = {f"/{REPOSITORY}/resolve/{COMMIT}/model.safetensors": weights[1]}
    assert COMMIT in fetch_weights(mine).parts


def test_a_folder_put_by_hand_does_not_stand_for_a_revision(hub, card, weights, cache, caplog):
    hub.files = {f"/{REPOSITORY}/resolve/v1/model.safetensors": weights[1]}
    plain, place = (cache / f"someone--segformer-b0{end}" for end in ("", "@v1"))
    plain.mkdir(parents=True)
    (plain / "model.safetensors").write_bytes(b"another revision")
    mine = card(source="huggingface", location=REPOSITORY, revision="v1")
    assert fetch_weights(mine).read_bytes() == weights[1]
    assert caplog.messages == [
        f"{REPOSITORY}: revision v1 of the hub is used, not the folder {plain}; if the folder has "
        "this revision, rename it to someone--segformer-b0@v1"
    ]
    caplog.clear()
    shutil.copytree(plain, place)
    assert fetch_weights(mine) == cached_weights(mine) == place / "model.safetensors"
    assert fetch_hub_folder(REPOSITORY, "v1", "a", "b") == place
    assert not caplog.messages
    # Without a revision, the folder is used like the hub's files.
    assert fetch_hub_folder(REPOSITORY, None, "a", "b") == plain


def test_a_hub_repository_without_weights_is_said(hub, card):
    hub.files.clear()
    mine = card(source="huggingface", location=REPOSITORY)
    assert message(lambda: fetch_weights(mine)) == (
        f"{REPOSITORY}: the hub has none of model.safetensors, model.safetensors.index.json, "
        "pytorch_model.bin, pytorch_model.bin.index.json in this repository"
    )


OTHERWISE = """
[weights.otherwise]
source = "huggingface"
location = "another/segformer-b0"
"""


@pytest.mark.parametrize("code", ["EntryNotFound", "RepoNotFound"])
def test_what_the_hub_does_not_have_is_fetched_from_the_next_source(
    hub, card, weights, cache, caplog, code
):
    hub.missing[f"/{REPOSITORY}/"] = code
    mine = card(source="huggingface", location=REPOSITORY)
    text = (mine.folder / "mine.toml").read_text()
    (mine.folder / "mine.toml").write_text(text + OTHERWISE)
    two = load_card(mine.folder / "mine.toml")
    hub.files = {"/another/segformer-b0/resolve/main/model.safetensors": weights[1]}
    assert cached_weights(two) is None
    file = fetch_weights(two)
    assert "another--segformer-b0" in str(file)
    assert file.read_bytes() == weights[1]
    (warning,) = caplog.messages
    assert warning == (
        f"{message(lambda: fetch_weights(mine))}; another/segformer-b0 is fetched instead"
    )
    asked = len(hub.requests)
    assert fetch_weights(two) == cached_weights(two) == file
    assert len(hub.requests) == asked, "what is at hand is used, without a word"
    assert len(caplog.messages) == 1
    place = cache / "someone--segformer-b0"
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(weights[1])
    assert fetch_weights(two) == place / "model.safetensors"
    with pytest.raises(WeightsError, match=r"^nobody/nothing: the hub has none of model"):
        load_model(mine.folder / "mine.toml", weights="hf:nobody/nothing")


def test_a_hub_that_does_not_answer_is_no_reason_for_the_next_source(card, caplog):
    mine = card(source="huggingface", location=REPOSITORY)
    text = (mine.folder / "mine.toml").read_text()
    (mine.folder / "mine.toml").write_text(text + OTHERWISE)
    wrong = message(lambda: fetch_weights(load_card(mine.folder / "mine.toml")))
    assert wrong.startswith(f"{REPOSITORY}: the Hugging Face hub cannot be reached; ")
    assert not caplog.messages
    (mine.folder / "mine.toml").write_text(text.replace("huggingface", "url") + OTHERWISE)
    with pytest.raises(
        CardError,
        match="otherwise: only weights on the Hugging Face hub can have a second source",
    ):
        load_card(mine.folder / "mine.toml")


@pytest.mark.parametrize("offline", [True, False])
def test_without_a_network_the_hub_s_file_may_be_put_by_hand(
    card, cache, monkeypatch, weights, offline
):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    mine = card(source="huggingface", location=REPOSITORY)
    place = cache / "someone--segformer-b0"
    assert message(lambda: fetch_weights(mine)) == (
        f"{REPOSITORY}: the Hugging Face hub cannot be reached; download model.safetensors or "
        "pytorch_model.bin (or, of weights in several files, its .index.json and all of them) "
        f"from https://huggingface.co/{REPOSITORY} on another machine and put all of it into "
        f"{place}/"
    )
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(weights[1])
    assert fetch_weights(mine) == place / "model.safetensors"


def test_a_name_that_is_none_of_the_hub_is_said(card):
    mine = card(source="huggingface", location="a/b/c")
    assert message(lambda: fetch_weights(mine)).startswith(
        "a/b/c: not an id of the Hugging Face hub ("
    )


def test_no_weights_published_says_how_to_make_some():
    assert message(lambda: fetch_weights(load_card("deeplabv3plus-mobilenetv2"))).startswith(
        "deeplabv3plus-mobilenetv2: no weights are published; train some with robustseg train "
        "--model deeplabv3plus-mobilenetv2, give a file as weights"
    )


def test_weights_given_by_a_user():
    hub = parse_source("hf:someone/segformer-b0@v1")
    assert (hub.source, hub.location, hub.revision) == ("huggingface", REPOSITORY, "v1")
    assert parse_source("https://a.example/b.pth").source == "url"
    file = parse_source("trained/b.pth")
    assert (file.source, Path(file.location)) == ("file", Path.cwd() / "trained/b.pth")


def test_every_card_has_a_place_of_its_own():
    cards = [load_card(name) for name in list_models()]
    places = {message(lambda card=card: fetch_weights(card)) for card in cards
              if card.weights.source == "manual"}  # fmt: skip
    assert len(places) == sum(card.weights.source == "manual" for card in cards) > 0
    urls = [card.weights.location for card in cards if card.weights.source in ("url", "manual")]
    assert all(url.startswith("https://") for url in urls)


def test_a_hub_id_that_is_empty():
    with pytest.raises(
        WeightsError, match=r"^hf:: not an id of the Hugging Face hub; write hf:<hub"
    ):
        parse_source("hf:")
