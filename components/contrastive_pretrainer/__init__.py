"""Pretrains an encoder by SimCLR or MICLe."""
