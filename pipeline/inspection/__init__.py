"""`micle inspect`: what a data set looks like, site by site, before anything is trained."""
