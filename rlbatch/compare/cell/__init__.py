"""One process of a grid."""
