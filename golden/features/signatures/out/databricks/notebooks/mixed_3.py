# Databricks notebook source
# The task `mixed_3` of the pipeline `signatures`, from pipeline.py line 42. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("mixed_3", dbutils)
