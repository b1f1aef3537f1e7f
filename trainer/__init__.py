"""Contrastive pretraining and fine-tuning in TensorFlow and Keras; knows nothing of TFX."""
