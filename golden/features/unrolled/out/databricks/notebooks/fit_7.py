# Databricks notebook source
# The task `fit_7` of the pipeline `unrolled`, from pipeline.py line 55. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("fit_7", dbutils)
