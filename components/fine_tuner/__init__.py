"""Fine-tunes an encoder on labelled cases into a servable model."""
