"""Where faces come from: one file a source, each giving images, subject names and conditions."""
