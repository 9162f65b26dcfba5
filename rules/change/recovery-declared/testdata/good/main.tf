# aws_db_instance.orders is gone
