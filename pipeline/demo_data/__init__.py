"""Generated default data: chest radiographs of three sites, and natural-like images.

`pipeline.demo_data.write.write_demo_data` writes them.
"""
