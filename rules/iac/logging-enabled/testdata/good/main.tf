resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "audit"
  is_multi_region_trail      = true
  enable_log_file_validation = true
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_flow_log" "main" {
  vpc_id       = aws_vpc.main.id
  traffic_type = "ALL"
}
