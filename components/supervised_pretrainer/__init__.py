"""Pretrains an encoder by classifying labelled images: the baseline of self-supervision."""
