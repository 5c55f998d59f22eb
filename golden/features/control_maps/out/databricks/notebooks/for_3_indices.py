# Databricks notebook source
# The task `for_3_indices` of the pipeline `maps`, from pipeline.py line 43. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("for_3_indices", dbutils)
