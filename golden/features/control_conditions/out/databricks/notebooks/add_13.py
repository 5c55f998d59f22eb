# Databricks notebook source
# The task `add_13` of the pipeline `conditions`, from pipeline.py line 64. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("add_13", dbutils)
