"""A dataset of a user, described by a TOML file.

Its folder is the dataset's root, unless --data names another. A complete description:

    name = "quarry"
    about = "Photos of a quarry."   # one sentence; optional
    images = "photos/{split}/*.jpg"
    labels = "masks/{split}/*_mask.png"
    classes = ["ground", "rock", "machine", "person"]
    palette = [[128, 64, 0], [128, 128, 128], [255, 170, 0], [220, 20, 60]]   # optional
    persons = ["person"]       # classes whose missed objects are counted; optional
    clip = 10                  # frames of a video: this many in a row are drawn together for an
                               # interval; 1 if left out: every image stands alone
    image_size = [720, 1280]   # height and width at which `robustseg cost` counts; optional
    citation = "..."           # BibTeX of the dataset; optional
    ignore = [0, 255]          # ids in the label files that are not scored; [255] if left out, so
                               # a dataset whose class has the id 255 says ignore = []
    apply_orientation = false  # true: labels are drawn on the images as viewers show them, turned
                               # by their EXIF orientation; false: such an image is refused

    [label_map]                # id in the label files = class, by name or index
    1 = "ground"
    2 = "ground"
    7 = "rock"
    8 = "machine"
    9 = "person"

    [groups]                   # optional: several classes together, each group with an IoU
    natural = ["ground", "rock"]

Without label_map the ids are the class indices themselves. A dataset with the classes, colours,
label ids and groups of a known one, such as "cityscapes", needs one line instead of them:

    classes_of = "cityscapes"

If only the label ids differ from those of the known dataset, give them in `label_map` and `ignore`.

Files. `images` and `labels` are globs relative to the root. `*` stands for any characters within
one name, `**/` for any number of folders, `{jpg,png}` for one of these; `{split}` stands for the
requested split. Globs are case-sensitive: `*.jpg` does not find 7.JPG. If splits do not follow one
pattern, give a glob for each:

    [images]
    train = "day1/*.jpg"
    val = "day2/*.jpg"

A single glob without {split} describes the split val, the only one. `images` may also be a list of
globs. `labels` is then one glob for all of them, or a list of the same length:

    images = ["front/*.jpg", "rear/**/*.png"]
    labels = ["front-ids/*.png", "rear-ids/**/*.png"]

Lists. If a text file names the images of a split, as in Pascal VOC, `list` is its path relative to
the root, with {split} or as a table. Each line contains the text for the stars, separated by /, or
the path of an image. Images that it does not name are ignored, with or without labels:

    images = "JPEGImages/*.jpg"
    labels = "SegmentationClass/*.png"
    list = "ImageSets/Segmentation/{split}.txt"

Pairs. An image and a label file belong together when the stars stand for the same text in both
globs: above, photos/val/7.jpg and masks/val/7_mask.png. Both globs therefore need the same stars in
the same order. Every image needs its own label file. A label file that also matches the globs of
images is not read as an image. A warning counts label files without an image (unless there is a
list) and images that the globs miss because of their suffix.

Labels are PNG files with one id per pixel: greyscale of 1 to 16 bits, or palette images. Labels
stored as colours (RGB images of 8 bits per channel) are read if the id of each colour is given:

    [label_colours]
    "#804000" = 0
    "#808080" = 1
"""

from robustbench_seg.datasets.custom.description import DatasetDescription, read_description
from robustbench_seg.datasets.custom.opening import open_custom

__all__ = ["DatasetDescription", "open_custom", "read_description"]
