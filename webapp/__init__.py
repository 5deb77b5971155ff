"""The face of cityloop: command line now, pages and API on top of `engine.services`."""
