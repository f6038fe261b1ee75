"""Uncompressed .npz files whose large arrays can be mapped into memory.

Numpy can read them, too. Processes that map the same file share its pages.
"""

import struct
from collections.abc import Mapping
from io import BytesIO
from mmap import mmap
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

LARGE_BYTES = 1 << 24
"""Arrays of at least this size are aligned. Smaller ones are copied if they are not aligned."""

ALIGNMENT = 64
"""Large arrays begin at a multiple of this number of bytes: numbers that are not aligned cannot be
multiplied without a copy."""

LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, length of the name and length of the extra fields, before an array in the file."""

EXTRA_FIELD = struct.Struct("<HH")
ALIGNMENT_FIELD = 0xD935
"""Id of the extra field with which Android's zipalign aligns files."""

ZIP64_FIELD_BYTES = 20
NPY_HEADER_BYTES = 4096

Arrays = dict[str, NDArray[Any]]


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write arrays as `np.savez` does, with large ones aligned.

    Args:
        arrays: Arrays by name.

    Returns:
        The bytes of an .npz file. Equal arrays have equal bytes.
    """
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = ZipInfo(f"{name}.npy")
            if array.nbytes >= LARGE_BYTES:
                member.extra = _padding(file.tell(), member.filename)
            with archive.open(member, "w", force_zip64=True) as stream:
                npy.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return file.getvalue()


def _padding(position: int, name: str) -> bytes:
    """Return an extra field after which the content of a member begins aligned."""
    header = LOCAL_HEADER.size + len(name.encode()) + ZIP64_FIELD_BYTES + EXTRA_FIELD.size
    missing = -(position + header) % ALIGNMENT
    return EXTRA_FIELD.pack(ALIGNMENT_FIELD, missing) + bytes(missing)


def read_arrays(file: BinaryIO, content: bytes | mmap) -> Arrays:
    """Read arrays without copying them, except for small ones that are not aligned.

    Args:
        file: The opened file.
        content: Its bytes, or its memory map.

    Returns:
        Arrays by name, which cannot be written to.

    Raises:
        ValueError: If it is not such a file. `BadZipFile` and `struct.error` are possible, too.
    """
    with ZipFile(file) as archive:
        members = archive.infolist()
    if any(member.compress_type != ZIP_STORED for member in members):
        raise ValueError("its arrays are compressed")
    return {m.filename.removesuffix(".npy"): _read_array(m, content) for m in members}


def _read_array(member: ZipInfo, content: bytes | mmap) -> NDArray[Any]:
    signature, name, extra = LOCAL_HEADER.unpack_from(content, member.header_offset)
    start = member.header_offset + LOCAL_HEADER.size + name + extra
    end = start + member.file_size
    if signature != b"PK\3\4" or end > len(content):
        raise ValueError("it is damaged")
    header = BytesIO(content[start : min(end, start + NPY_HEADER_BYTES)])
    if npy.read_magic(header) != (1, 0):
        raise ValueError("its arrays have an unknown format")
    shape, is_fortran, dtype = npy.read_array_header_1_0(header)
    count, offset = int(np.prod(shape, dtype=np.int64)), start + header.tell()
    if dtype.hasobject:
        raise ValueError("it has an array of Python objects")
    if offset + count * dtype.itemsize != end:
        raise ValueError("it has an array of another size")
    if not count:
        return np.empty(shape, dtype)
    values = np.frombuffer(content, dtype, count, offset)
    return np.require(values.reshape(shape, order="F" if is_fortran else "C"), requirements="A")
