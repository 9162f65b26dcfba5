db_password = "s3rv1ce" # want secrets/plaintext-secret
region      = "eu-west-1"
