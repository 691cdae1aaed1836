"""The PNG encoder: lossless for every reader, and small enough."""

import hashlib
import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees.writing.png import encode_png, read_pixels


@pytest.mark.parametrize("shape", [(32, 32, 3), (33, 47, 3), (1, 70, 3), (40, 1, 3)])
def test_pillow_and_opencv_read_back_every_pixel(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    encoded = encode_png(image)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encoded))), image)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], image)


def test_size_is_at_most_15_percent_above_pillows_over_the_whole_protocol():
    photo = data.astronaut()[:256, :256]
    ours = pillows = 0
    for condition in load_protocol().conditions(severities=[3]):
        variant = corrupt(photo, condition.name, condition.severity)
        ours += len(encode_png(variant))
        buffer = io.BytesIO()
        Image.fromarray(variant).save(buffer, "PNG")
        pillows += buffer.tell()
    assert ours <= 1.15 * pillows


def test_pixel_digest_is_sha256_of_shape_and_bytes():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert digest_pixels(image) == hashlib.sha256(b"2x4x3" + bytes(range(24))).hexdigest()
    assert digest_pixels(image[:, ::-1]) != digest_pixels(image)
    assert digest_pixels(image.reshape(4, 2, 3)) != digest_pixels(image)


def test_broken_files_are_an_os_error(tmp_path):
    path = tmp_path / "a.png"
    small = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    whole = encode_png(np.asarray(Image.fromarray(small).resize((32, 32))))
    half = len(whole) // 2
    broken = {"empty": b"", "text": b"no image", "cut": whole[:half], "cut early": whole[:20]}
    # For a wrong length of a chunk, Pillow raises ValueError (the header) or SyntaxError.
    for chunk, byte in ((b"IHDR", 1), (b"IDAT", 2)):
        flipped = bytearray(whole)
        flipped[whole.index(chunk) - byte] ^= 8
        broken[f"length of {chunk!r}"] = bytes(flipped)
    flipped = bytearray(whole)
    flipped[-16] ^= 1  # in the checksum of the pixels, which decoding ignores
    broken["checksum"] = bytes(flipped)
    huge = struct.pack(">II", 30_000, 30_000)  # more pixels than the limit of decoding
    header = b"IHDR" + huge + whole[24:29]
    checked = header + struct.pack(">I", zlib.crc32(header))
    broken["bomb"] = whole[:12] + checked + whole[33:]
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n"
    broken["a program"] = postscript  # for which Pillow would run another program
    for content in broken.values():
        path.write_bytes(content)
        with pytest.raises(OSError, match=r"."):
            read_pixels(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(OSError, match="a pipe"):
        read_pixels(tmp_path / "a.png")
