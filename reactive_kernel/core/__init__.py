"""The pure core: no I/O, no IPython, no zmq, no clock, no threads."""
