"""How far each site's data is from those that training saw, from TFDV's statistics by site."""
