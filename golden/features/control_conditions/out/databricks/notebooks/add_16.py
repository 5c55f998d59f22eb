# Databricks notebook source
# The task `add_16` of the pipeline `conditions`, from pipeline.py line 70. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("add_16", dbutils)
