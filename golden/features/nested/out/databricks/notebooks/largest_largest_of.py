# Databricks notebook source
# The task `largest_largest_of` of the pipeline `nested`, from shared/flows.py line 20. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("largest_largest_of", dbutils)
