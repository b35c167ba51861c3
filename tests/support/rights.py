"""Lets root be bound by the rights of files for a moment, as everybody else is."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# linux/capability.h
VERSION_3 = 0x20080522
DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """In this block files that their owner may not read or write can't be read or written.

    Only this thread, and those that it starts, lose what lets root pass. Skips where that can't
    be done.
    """
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, kept = _Header(VERSION_3, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), kept) != 0:
        pytest.skip("running as root, and capget doesn't work here")
    bound = (_Data * 2).from_buffer_copy(kept)
    bound[0].effective &= ~(DAC_OVERRIDE | DAC_READ_SEARCH)
    if libc.capset(ctypes.byref(header), bound) != 0:
        pytest.skip("running as root, and capset doesn't work here")
    try:
        yield
    finally:
        libc.capset(ctypes.byref(header), kept)
