# Databricks notebook source
# The task `truth_3` of the pipeline `conditions`, from pipeline.py line 65. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("truth_3", dbutils)
