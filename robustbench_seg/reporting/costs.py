"""What the SegFormer paper says that networks cost (arXiv 2105.15203, tables 1a and 2)."""

from dataclasses import dataclass

from robustbench_seg.reporting.published import published_table


@dataclass(frozen=True)
class PublishedCost:
    """params in millions (with heads that only training uses), and 10^9 MACs, called GFLOPs."""

    params: float
    gmacs: float


def published_costs() -> dict[tuple[str, tuple[int, int]], PublishedCost]:
    """By a card's name and the size (height, width) of the image.

    ADE20K's column is for 512x512, B5's for 640x640; Cityscapes' for 1024x2048, and shorter sides
    where table 2 says so.
    """
    costs = {}
    for row in published_table("segformer_table1a").to_dict("records"):
        size = str(row["model"])[-2:].lower()
        params = row["encoder_params_m"] + row["decoder_params_m"]
        side = 640 if size == "b5" else 512
        costs[f"segformer-{size}", (1024, 2048)] = PublishedCost(params, row["cityscapes_gflops"])
        costs[f"segformer-{size}-ade20k", (side, side)] = PublishedCost(
            params, row["ade20k_gflops"]
        )
    table = published_table("segformer_table2").set_index(["model", "encoder"])
    encoders = {"MobileNetV2": "mobilenetv2", "ResNet-101": "r101"}
    rows = [("DeepLabV3+", e, f"deeplabv3plus-{n}-openmmlab", 1024) for e, n in encoders.items()]
    rows += [
        (f"SegFormer (short side {side})", "MiT-B0", f"segformer-b0-{side}", side)
        for side in (768, 640, 512)
    ]
    for model, encoder, name, side in rows:
        (found,) = table.loc[[(model, encoder)]].to_dict("records")
        costs[name, (side, 2 * side)] = PublishedCost(found["params_m"], found["cityscapes_gflops"])
    return costs
