# Databricks notebook source
# The task `many` of the pipeline `outputs`, from pipeline.py line 70. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("many", dbutils)
