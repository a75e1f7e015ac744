"""Ground truth from real software: releases of applications on PyPI, upgraded by their own migrations, and what `verify` says of them."""
