"""Evaluates predictions by clinical site with TFMA, with intervals over patients."""
