# Databricks notebook source
# The task `number_4` of the pipeline `conditions`, from pipeline.py line 67. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("number_4", dbutils)
