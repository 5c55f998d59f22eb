# Databricks notebook source
# The task `normalise_divide` of the pipeline `nested`, from shared/flows.py line 25. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("normalise_divide", dbutils)
