"""Everything that the `diagnosis` pipeline runs."""

PACKAGES = ["pandas==3.1.1", "scikit-learn==1.9.1"]
