# Databricks notebook source
# The task `fetch_9` of the pipeline `unrolled`, from pipeline.py line 54. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("fetch_9", dbutils)
