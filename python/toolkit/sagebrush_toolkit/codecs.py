"""Default content types: CSV, JSON and NPY ⇄ arrays, and the choice among what a client accepts."""

from __future__ import annotations

import io
import json

CSV, JSON, NPY, NPZ, ANY = "text/csv", "application/json", "application/x-npy", "application/x-npz", "*/*"
# The types whose bodies user code receives as str, as in AWS's scikit-learn container; others are bytes.
TEXT_TYPES = (JSON, CSV)


class FormatError(Exception):
    """A content type (415, 406) or a body (400) that the defaults cannot take or make."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def media_type(value: str) -> str:
    """A Content-Type without its parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def decode(body: str | bytes, content_type: str) -> object:
    """A request body as an array, as AWS's defaults do: float32 from text, NPY as it is.

    One CSV row gives one row of a two-dimensional array, where AWS's gives a vector that
    scikit-learn refuses.
    """
    kind = media_type(content_type)
    if kind == CSV:
        return _from_csv(body if isinstance(body, str) else body.decode("utf-8"))
    if kind == JSON:
        return _from_json(body)
    if kind == NPY:
        return _from_npy(body)
    if kind == NPZ:
        raise FormatError(415, f"{NPZ} is not supported: send one array as {NPY}, or implement input_fn")
    raise FormatError(
        415,
        f"Content type {content_type} is not supported by the default input_fn ({CSV}, {JSON}, {NPY}): implement it",
    )


def _from_csv(text: str) -> object:
    import numpy

    if '"' in text:
        import csv

        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    else:
        rows = [line.split(",") for line in text.splitlines() if line and not line.isspace()]
    try:
        # float() first: numpy's own parsing of lists of text is several times slower.
        return numpy.array(
            [[float(cell) if cell.strip() else numpy.nan for cell in row] for row in rows], numpy.float32
        )
    except ValueError as error:
        widths = {len(row) for row in rows}
        told = f"its rows have {sorted(widths)} columns" if len(widths) > 1 else str(error)
        raise FormatError(400, f"the CSV body is not a table of numbers: {told}") from error


def _from_json(text: str | bytes) -> object:
    import numpy

    try:
        return numpy.array(json.loads(text)).astype(numpy.float32)
    except (ValueError, TypeError) as error:
        raise FormatError(400, f"the JSON body is not an array of numbers: {error}") from error


def _from_npy(body: bytes) -> object:
    """Never unpickles, and never allocates more than what came."""
    import numpy

    stream = io.BytesIO(body)
    try:
        version = numpy.lib.format.read_magic(stream)
        read = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        if dtype.hasobject:
            raise FormatError(400, "the NPY body holds pickled objects, which are never loaded")
        values = numpy.frombuffer(body, dtype, offset=stream.tell())
        return values.reshape(shape, order="F" if fortran else "C").copy()
    except ValueError as error:
        raise FormatError(400, f"the NPY body is not a whole array: {error}") from error


def acceptable(accept: str | None, default: str) -> list[str]:
    """Media types in the client's order of preference; `*/*` stands for `default`. q=0 is left out."""
    ranked = []
    for index, item in enumerate((accept or ANY).split(",")):
        kind, *parameters = (part.strip() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.lower().startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if kind and quality > 0:
            ranked.append((-quality, index, kind))
    kinds = []
    for _, _, kind in sorted(ranked):
        prefix = kind[:-1] if kind.endswith("/*") else None
        if kind == ANY:
            kinds.append(default)
        elif prefix:
            kinds += [known for known in (default, JSON, CSV, NPY) if known.startswith(prefix)]
        else:
            kinds.append(kind)
    return list(dict.fromkeys(kinds))


def encode(value: object, kinds: list[str], accept: str) -> tuple[bytes, str]:
    """A prediction in the first of `kinds` that the defaults can make, and that type."""
    for kind in kinds:
        encoder = _ENCODERS.get(kind.lower())
        if encoder:
            return encoder(value), kind
    raise FormatError(
        406, f"Accept {accept} is not supported by the default output_fn ({JSON}, {CSV}, {NPY}): implement it"
    )


def _to_json(value: object) -> bytes:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return json.dumps(value, default=_plain).encode()


def _plain(value: object) -> object:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "to_dict"):
        return value.to_dict(orient="list")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: implement output_fn")


def _to_csv(value: object) -> bytes:
    import csv

    import numpy

    array = numpy.asarray(value)
    rows = array.reshape(-1, 1) if array.ndim < 2 else array
    if rows.dtype.kind == "f" and rows.dtype.itemsize < 8:
        rows = rows.astype(str)  # 0.1 and not 0.10000000149011612
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows.tolist())
    return stream.getvalue().encode()


def _to_npy(value: object) -> bytes:
    import numpy

    array = numpy.asarray(value)
    if array.dtype.hasobject:
        # Labels read by pandas are objects; as text they need no pickle.
        if not all(isinstance(item, str) for item in array.flat):
            raise FormatError(406, f"the prediction has Python objects, which {NPY} holds only by pickle: use {JSON}")
        array = array.astype(str)
    stream = io.BytesIO()
    numpy.save(stream, array, allow_pickle=False)
    return stream.getvalue()


_ENCODERS = {JSON: _to_json, CSV: _to_csv, NPY: _to_npy}
