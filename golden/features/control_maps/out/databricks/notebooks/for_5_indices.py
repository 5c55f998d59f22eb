# Databricks notebook source
# The task `for_5_indices` of the pipeline `maps`, from pipeline.py line 54. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("for_5_indices", dbutils)
