"""The included protocols are those of their papers."""

from dataclasses import replace

import imagecorruptions

from robustbench_seg.records.cards.protocol import list_protocols, load_protocol, merged

TABLE_5 = {
    "blur": ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur"),
    "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    "digital": ("brightness", "contrast", "saturate", "jpeg_compression"),
    "weather": ("snow", "spatter", "fog", "frost"),
}


def test_cityscapes_c_is_table_5_of_segformer():
    protocol = load_protocol("cityscapes-c")
    assert protocol.name == "cityscapes-c"
    assert protocol.names == sum(TABLE_5.values(), ())
    assert protocol.categories == tuple(TABLE_5)
    for perturbation in protocol.perturbations:
        assert perturbation.name in TABLE_5[perturbation.category]
        assert perturbation.scored == (
            (1, 2, 3) if perturbation.category == "noise" else (1, 2, 3, 4, 5)
        )
    assert len(protocol.conditions()) == 80
    assert len(protocol.scored_conditions) == 72


# The first fifteen of the package are ImageNet-C's benchmark, with its categories.
MPC_15 = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "weather": ("snow", "frost", "fog", "brightness"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
}


def test_mpc_15_is_the_benchmark_of_imagenet_c():
    protocol = load_protocol("mpc-15")
    assert protocol.names == sum(MPC_15.values(), ())
    assert protocol.names == tuple(imagecorruptions.get_corruption_names("common"))
    assert protocol.categories == tuple(MPC_15)
    for perturbation in protocol.perturbations:
        assert perturbation.name in MPC_15[perturbation.category]
        assert perturbation.name in imagecorruptions.get_corruption_names(perturbation.category)
    assert len(protocol.scored_conditions) == 75


def test_city_c_fan_is_cityscapes_c_with_three_severities_scored():
    fan, paper = load_protocol("city-c-fan"), load_protocol()
    assert fan.perturbations == tuple(replace(s, scored=(1, 2, 3)) for s in paper.perturbations)
    assert "BGR" in fan.source


def test_semsegbench_is_mpc_15_with_severity_3_scored():
    theirs, paper = load_protocol("semsegbench-sev3"), load_protocol("mpc-15")
    assert theirs.perturbations == tuple(replace(s, scored=(3,)) for s in paper.perturbations)
    assert theirs.words.scored_text == "3 of 15 corruptions"
    assert "BGR" in theirs.source


def test_shipped_protocols_are_called_as_their_files_and_agree_on_parameters():
    protocols = [load_protocol(name) for name in list_protocols()]
    assert [protocol.name for protocol in protocols] == [
        *("attacks", "attacks-l2", "attacks-robust"),
        *("city-c-fan", "cityscapes-c", "mpc-15", "semsegbench-sev3"),
    ]
    corrupting = [protocol for protocol in protocols if protocol.words.noun == "corruption"]
    known = merged(corrupting)
    assert len(known.names) == 19
    for protocol in corrupting:
        for perturbation in protocol.perturbations:
            assert perturbation.parameters == known.perturbation(perturbation.name).parameters
