"""Measurements: codecs beside Python's fastest JSON libraries, and the whole proxy beside nginx."""
