"""Parts of recognisers that scikit-learn does not have, as scikit-learn wants its parts."""
