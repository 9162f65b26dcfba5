variable "ports" {
  type = list(number)
}

resource "aws_security_group" "this" {
  name = "admin"
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  count             = length(var.ports)
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "0.0.0.0/0" # want iac/public-exposure
  from_port         = var.ports[count.index]
  to_port           = var.ports[count.index]
  ip_protocol       = "tcp"
}
