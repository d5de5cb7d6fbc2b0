"""An example of a plug-in: an encoder, a transform, a metric of transforms and one of the encoder alone."""
