# Databricks notebook source
# The task `show_9` of the pipeline `expressions`, from pipeline.py line 64. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("show_9", dbutils)
