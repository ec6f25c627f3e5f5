"""Liên Tuyến: a tele-imaging and teleradiology exchange node."""

__version__ = "0.1.0"
