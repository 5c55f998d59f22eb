# Databricks notebook source
# The task `guarded_2_if_1_test` of the pipeline `returns`, from pipeline.py line 47. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("guarded_2_if_1_test", dbutils)
