"""Opens an output of m4-balance with programs that nobody here wrote, and prints what each of them read as JSON.

    python read_output.py READER DIRECTORY [SPLIT]
"""
import hashlib
import importlib.util
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()


def tfds_rows(directory, split):
    """As big_vision's `from_data_dir` opens it: the builder of a directory, images left encoded, ids added; and every image decoded."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(directory)
    # One shard after the other, so that their order is seen.
    read = tfds.ReadConfig(
        skip_prefetch=True, try_autocache=False, add_tfds_id=True, interleave_cycle_length=1)
    encoded = builder.as_dataset(
        split=split, read_config=read, decoders={"image": tfds.decode.SkipDecoding()})
    rows = []
    for row in encoded.as_numpy_iterator():
        # What big_vision's pp string does: decode, resize(224), value_range(-1, 1).
        image = tf.io.decode_image(row["image"], channels=3, expand_animations=False)
        image = tf.cast(tf.image.resize(image, (224, 224)), tf.float32) / 255 * 2 - 1
        assert image.shape == (224, 224, 3) and float(tf.reduce_max(tf.abs(image))) <= 1.001
        rows.append({
            "id": row["id"].decode(),
            "text": row["text"].decode(),
            "image": digest(row["image"]),
            "weight": float(row["weight"]),
            "s_female": int(row["s_female"]),
            "labels": [label.decode() for label in row["labels"]],
            "tfds_id": row["tfds_id"].decode(),
        })
    hosts = [builder.info.splits[part].num_examples for part in tfds.even_splits(split, 4)]
    sizes = [row["image"].shape[:2] for row in builder.as_dataset(split=split).as_numpy_iterator()]
    info = builder.info.splits[split]
    return {
        "rows": rows,
        "examples": info.num_examples,
        "bytes": info.num_bytes,
        "hosts": hosts,
        "decoded": len(sizes),
        "sizes": sizes,
        "splits": sorted(builder.info.splits),
    }


def big_vision(directory, option):
    path = os.path.join(directory, "big_vision_siglip.py")
    spec = importlib.util.spec_from_file_location("config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.loads(module.get_config(option).to_json())


def files(directory, ending):
    return sorted(
        os.path.join(directory, name) for name in os.listdir(directory)
        if name.startswith("pairs-train") and name.endswith(ending))


def webdataset_rows(directory):
    import io
    import webdataset
    from PIL import Image

    samples = webdataset.WebDataset(files(directory, ".tar"), shardshuffle=False, empty_check=False)
    rows = []
    for sample in samples:
        about = json.loads(sample["json"])
        Image.open(io.BytesIO(sample["png"])).load()
        rows.append({
            "key": sample["__key__"],
            "id": about["id"],
            "text": sample["txt"].decode(),
            "image": digest(sample["png"]),
            "labels": about["labels"],
            "s_female": about["s_female"],
            "fields": sorted(about),
        })
    return rows


def open_clip_pairs(directory):
    """As open_clip reads tar files (training/data.py), but without its handlers, which pass over what fails, and its filter of samples without an image."""
    import webdataset

    pairs = webdataset.WebDataset(files(directory, ".tar"), shardshuffle=False, empty_check=False).decode("pilrgb")
    pairs = pairs.rename(image="jpg;png;jpeg;webp", text="txt").to_tuple("image", "text")
    return [{"size": image.size, "text": text} for image, text in pairs]


def table_rows(table):
    columns = [table[name] for name in ("id", "text", "image")]
    return [{"id": i, "text": t, "image": digest(m)} for i, t, m in zip(*columns)]


def tables(directory):
    """Parquet by pyarrow, DuckDB and Polars; Arrow by pyarrow and Polars."""
    import duckdb
    import polars
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet, arrow = files(directory, ".parquet"), files(directory, ".arrow")
    select = duckdb.connect().execute(
        "select id, text, image from read_parquet(?, file_row_number=true, filename=true) order by filename, file_row_number",
        [parquet]).fetchall()
    ids, texts, images = zip(*select)
    mapped = pa.concat_tables([pa.ipc.open_file(pa.memory_map(path)).read_all() for path in arrow])
    return {
        "pyarrow parquet": table_rows(pa.concat_tables([pq.read_table(path) for path in parquet]).to_pydict()),
        "duckdb parquet": table_rows({"id": ids, "text": texts, "image": images}),
        "polars parquet": table_rows(polars.read_parquet(parquet).to_dict(as_series=False)),
        "pyarrow arrow": table_rows(mapped.to_pydict()),
        "polars arrow": table_rows(
            polars.concat([polars.read_ipc(path) for path in arrow]).to_dict(as_series=False)),
    }


def hugging_face(directory):
    """`load_dataset` of the folder: the card's YAML says which files are what."""
    import datasets

    datasets.disable_progress_bars()
    cache = os.path.join(directory, "..", "cache")
    data = datasets.load_dataset(directory, cache_dir=cache)
    train = data["train"]
    decoded = train.cast_column("image", datasets.Image())
    assert decoded[0]["image"].size == (16, 16)
    weights = datasets.load_dataset(directory, "weights", cache_dir=cache)
    return {
        "splits": {name: len(rows) for name, rows in data.items()},
        "rows": table_rows(train.to_dict()),
        "weights": len(weights["rows"]),
    }


def datacomp(directory):
    """As DataComp's resharder opens a subset."""
    import numpy as np

    subset = np.load(os.path.join(directory, "pairs-train.npy"), mmap_mode="r")
    assert subset.dtype == np.dtype("u8,u8"), subset.dtype
    assert (np.sort(subset) == subset).all()
    return [f"{int(high):016x}{int(low):016x}" for high, low in subset]


READERS = {
    "tfds": tfds_rows,
    "big_vision": big_vision,
    "webdataset": webdataset_rows,
    "open_clip": open_clip_pairs,
    "tables": tables,
    "hugging_face": hugging_face,
    "datacomp": datacomp,
}

if __name__ == "__main__":
    reader, directory, *rest = sys.argv[1:]
    json.dump(READERS[reader](directory, *rest), sys.stdout)
