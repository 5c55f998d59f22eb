# Databricks notebook source
# The task `if_4_test` of the pipeline `conditions`, from pipeline.py line 45. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("if_4_test", dbutils)
