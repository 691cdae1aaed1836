"""run.json of format 1 (robustseg 0.1) -> the table of a RunRecord.

Reports and comparisons read runs of that format; an evaluation starts a new run next to them. All
fields keep their meaning, except that the key has the law versions of that time instead of the
versions of libraries.
"""

from typing import Any

from robustbench_seg.records.cards.protocol import list_protocols, load_protocol

_SEGMENTER = {
    "architecture",
    "variant",
    "weights",
    "config",
    "preprocessing",
    "inference",
    "grid",
    "resize",
    "precision",
    "input_size",
    "align_corners",
}
_BESIDE = {"threads", "folding", "library", "backend", "resized"}


def upgrade(table: dict[str, Any]) -> dict[str, Any]:
    """Convert a table of format 1.

    Args:
        table: The contents of run.json.

    Returns:
        The table of the same run in the newest format, without its number.

    Raises:
        KeyError: The table lacks a key.
        TypeError: A value has another type; also AttributeError and ValueError.
    """
    key, about = table["key"], dict(table.get("about") or {})
    corruption = key.get("corruption", {})
    facts = key.get("segmenter", {})
    protocol = str(table["protocol"])
    names = load_protocol(protocol).names if protocol in list_protocols() else ()
    shipped = protocol if protocol in list_protocols() else "cityscapes-c"
    published = about.pop("published", None)
    runtime = str(facts.get("backend") or facts.get("library") or "torch").split()
    versions = dict(key.get("versions", {})) | dict(corruption.get("versions", {}))
    stream = int(versions.pop("fast stream", 1))
    if len(runtime) > 1:
        versions[runtime[0]] = runtime[1]
    fingerprint = dict(dict(key.get("dataset", {})).get("fingerprint", {}))
    return {
        "model": table["model"],
        "key": {
            "segmenter": _segmenter(facts, runtime[0]),
            "dataset": {
                "name": table["dataset"],
                "split": table["split"],
                "images": table["images"],
                "classes": table["classes"],
                "fingerprint": fingerprint,
            },
            "corruption": {
                "stream": table["stream"],
                "stream_version": stream if table["stream"] == "fast" else 1,
                "seed": table["seed"],
                "severities": corruption.get("severities")
                or load_protocol(shipped).severities_digest,
                "laws": dict.fromkeys(names, 1),
            },
        },
        "protocol": protocol,
        "protocol_version": str(table.get("protocol_version", "")),
        "clip": table.get("clip", 1),
        "palette": table.get("palette") or [],
        "about": _about(about, published),
        "published": table.get("published") and _score(table["published"]),
        "libraries": {name: str(version) for name, version in versions.items()},
        "hardware": str(table.get("hardware", "")),
        "created": str(table.get("created", "")),
        "command": str(table.get("command", "")),
    }


def _segmenter(facts: dict[str, Any], runtime: str) -> dict[str, Any]:
    laws = {"inference": 1}
    if "folding" in facts:
        laws["folding"] = facts["folding"]
    if "resize" in facts:
        laws["resize"] = 2 if "resized" in facts else 1
    known = {name: facts[name] for name in _SEGMENTER & facts.keys() if facts[name] is not None}
    own = {name: value for name, value in facts.items() if name not in _SEGMENTER | _BESIDE}
    return {
        "architecture": "unknown",
        **known,
        "runtime": runtime,
        "laws": laws,
        "own": own,
    }


def _about(about: dict[str, Any], published: dict[str, Any] | None) -> dict[str, Any]:
    fields = ("card", "params", "macs", "weights_file", "weights_metadata", "training", "device")
    known = {name: about[name] for name in fields if about.get(name) is not None}
    if about.get("model"):
        known["location"] = about["model"]
    if published:
        known |= {"published": _score(published), "published_on": published.get("dataset")}
    return known


def _score(published: dict[str, Any]) -> dict[str, Any]:
    return {"miou": published["miou"], "source": published["source"]}
