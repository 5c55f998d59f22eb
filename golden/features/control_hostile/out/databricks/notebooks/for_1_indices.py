# Databricks notebook source
# The task `for_1_indices` of the pipeline `hostile`, from pipeline.py line 23. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("for_1_indices", dbutils)
