from __future__ import annotations

import acme.stats as st
import acme
import acme.io
import acme.registry
