package crossplane

import (
	"testing"

	"gate/rules"
)

func load(t *testing.T) *Table {
	t.Helper()
	table, err := Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// The kinds are those that the providers publish, the types those of the
// resources that they are made from.
func TestKind(t *testing.T) {
	tests := []struct{ group, kind, want string }{
		{"acm.aws.upbound.io", "Certificate", "aws_acm_certificate"},
		{"administrativeunits.azuread.upbound.io", "Unit", "azuread_administrative_unit"},
		{"administrativeunits.azuread.m.upbound.io", "Member", "azuread_administrative_unit_member"},
		{"app.azuread.upbound.io", "RoleAssignment", "azuread_app_role_assignment"},
		{"applications.azuread.upbound.io", "Application", "azuread_application"},
		{"applications.azuread.m.upbound.io", "Certificate", "azuread_application_certificate"},
		{"applications.azuread.upbound.io", "FederatedIdentityCredential", "azuread_application_federated_identity_credential"},
		{"applications.azuread.upbound.io", "FlexibleFederatedIdentityCredential", "azuread_application_flexible_federated_identity_credential"},
		{"applications.azuread.upbound.io", "Password", "azuread_application_password"},
		{"conditionalaccess.azuread.upbound.io", "AccessPolicy", "azuread_conditional_access_policy"},
		{"conditionalaccess.azuread.upbound.io", "Location", "azuread_named_location"},
		{"directoryroles.azuread.upbound.io", "RoleAssignment", "azuread_directory_role_assignment"},
		{"groups.azuread.upbound.io", "Group", "azuread_group"},
		{"groups.azuread.upbound.io", "Member", "azuread_group_member"},
		{"invitations.azuread.upbound.io", "Invitation", "azuread_invitation"},
		{"policies.azuread.upbound.io", "ClaimsMappingPolicy", "azuread_claims_mapping_policy"},
		{"serviceprincipaldelegated.azuread.upbound.io", "PermissionGrant", "azuread_service_principal_delegated_permission_grant"},
		{"serviceprincipals.azuread.upbound.io", "Principal", "azuread_service_principal"},
		{"serviceprincipals.azuread.upbound.io", "Password", "azuread_service_principal_password"},
		{"serviceprincipals.azuread.upbound.io", "TokenSigningCertificate", "azuread_service_principal_token_signing_certificate"},
		{"synchronization.azuread.upbound.io", "Job", "azuread_synchronization_job"},
		{"users.azuread.upbound.io", "User", "azuread_user"},
		{"container.gcp-beta.upbound.io", "Cluster", "google_container_cluster"},
		{"sql.gcp-beta.m.upbound.io", "DatabaseInstance", "google_sql_database_instance"},
		{"storage.gcp-beta.upbound.io", "Bucket", "google_storage_bucket"},
		{"apigateway.aws.upbound.io", "RestAPI", "aws_api_gateway_rest_api"},
		{"apigateway.aws.upbound.io", "MethodSettings", "aws_api_gateway_method_settings"},
		{"autoscaling.aws.upbound.io", "AutoscalingGroup", "aws_autoscaling_group"},
		{"autoscaling.aws.upbound.io", "LaunchConfiguration", "aws_launch_configuration"},
		{"backup.aws.upbound.io", "Vault", "aws_backup_vault"},
		{"cloudfront.aws.upbound.io", "Distribution", "aws_cloudfront_distribution"},
		{"cloudtrail.aws.upbound.io", "Trail", "aws_cloudtrail"},
		{"cloudtrail.aws.upbound.io", "EventDataStore", "aws_cloudtrail_event_data_store"},
		{"cloudwatchlogs.aws.upbound.io", "Group", "aws_cloudwatch_log_group"},
		{"cognitoidp.aws.upbound.io", "UserPool", "aws_cognito_user_pool"},
		{"docdb.aws.upbound.io", "Cluster", "aws_docdb_cluster"},
		{"ds.aws.upbound.io", "Directory", "aws_directory_service_directory"},
		{"dynamodb.aws.upbound.io", "Table", "aws_dynamodb_table"},
		{"ec2.aws.upbound.io", "EBSVolume", "aws_ebs_volume"},
		{"ec2.aws.upbound.io", "FlowLog", "aws_flow_log"},
		{"ec2.aws.upbound.io", "Instance", "aws_instance"},
		{"ec2.aws.upbound.io", "LaunchTemplate", "aws_launch_template"},
		{"ec2.aws.upbound.io", "SecurityGroup", "aws_security_group"},
		{"ec2.aws.upbound.io", "SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"},
		{"ec2.aws.upbound.io", "SecurityGroupRule", "aws_security_group_rule"},
		{"ec2.aws.upbound.io", "Subnet", "aws_subnet"},
		{"ec2.aws.upbound.io", "TransitGateway", "aws_ec2_transit_gateway"},
		{"ec2.aws.upbound.io", "VPC", "aws_vpc"},
		{"ecr.aws.upbound.io", "Repository", "aws_ecr_repository"},
		{"efs.aws.upbound.io", "FileSystem", "aws_efs_file_system"},
		{"eks.aws.upbound.io", "Cluster", "aws_eks_cluster"},
		{"elasticache.aws.upbound.io", "ReplicationGroup", "aws_elasticache_replication_group"},
		{"elb.aws.upbound.io", "ELB", "aws_elb"},
		{"elbv2.aws.upbound.io", "LB", "aws_lb"},
		{"elbv2.aws.upbound.io", "LBListener", "aws_lb_listener"},
		{"firehose.aws.upbound.io", "DeliveryStream", "aws_kinesis_firehose_delivery_stream"},
		{"iam.aws.upbound.io", "AccessKey", "aws_iam_access_key"},
		{"iam.aws.upbound.io", "Policy", "aws_iam_policy"},
		{"iam.aws.upbound.io", "Role", "aws_iam_role"},
		{"kafka.aws.upbound.io", "Cluster", "aws_msk_cluster"},
		{"kinesis.aws.upbound.io", "Stream", "aws_kinesis_stream"},
		{"kms.aws.upbound.io", "Key", "aws_kms_key"},
		{"lambda.aws.upbound.io", "Function", "aws_lambda_function"},
		{"lambda.aws.upbound.io", "FunctionURL", "aws_lambda_function_url"},
		{"lightsail.aws.upbound.io", "Instance", "aws_lightsail_instance"},
		{"neptune.aws.upbound.io", "Cluster", "aws_neptune_cluster"},
		{"opensearch.aws.upbound.io", "Domain", "aws_opensearch_domain"},
		{"rds.aws.upbound.io", "Cluster", "aws_rds_cluster"},
		{"rds.aws.upbound.io", "ClusterInstance", "aws_rds_cluster_instance"},
		{"rds.aws.upbound.io", "ClusterSnapshot", "aws_db_cluster_snapshot"},
		{"rds.aws.upbound.io", "Instance", "aws_db_instance"},
		{"rds.aws.m.upbound.io", "Instance", "aws_db_instance"},
		{"redshift.aws.upbound.io", "Cluster", "aws_redshift_cluster"},
		{"route53.aws.upbound.io", "Zone", "aws_route53_zone"},
		{"s3.aws.upbound.io", "Bucket", "aws_s3_bucket"},
		{"s3.aws.m.upbound.io", "Bucket", "aws_s3_bucket"},
		{"s3.aws.upbound.io", "BucketACL", "aws_s3_bucket_acl"},
		{"s3.aws.upbound.io", "BucketPublicAccessBlock", "aws_s3_bucket_public_access_block"},
		{"s3.aws.upbound.io", "BucketServerSideEncryptionConfiguration", "aws_s3_bucket_server_side_encryption_configuration"},
		{"secretsmanager.aws.upbound.io", "Secret", "aws_secretsmanager_secret"},
		{"sns.aws.upbound.io", "Topic", "aws_sns_topic"},
		{"sqs.aws.upbound.io", "Queue", "aws_sqs_queue"},
		{"database.aws.crossplane.io", "RDSInstance", "aws_db_instance"},
		{"rds.aws.crossplane.io", "DBCluster", "aws_rds_cluster"},
		{"s3.aws.crossplane.io", "Bucket", ""},

		{"azure.upbound.io", "ResourceGroup", "azurerm_resource_group"},
		{"authorization.azure.upbound.io", "RoleAssignment", "azurerm_role_assignment"},
		{"authorization.azure.upbound.io", "ManagementLock", "azurerm_management_lock"},
		{"cache.azure.upbound.io", "RedisCache", "azurerm_redis_cache"},
		{"compute.azure.upbound.io", "LinuxVirtualMachine", "azurerm_linux_virtual_machine"},
		{"compute.azure.upbound.io", "ManagedDisk", "azurerm_managed_disk"},
		{"containerregistry.azure.upbound.io", "Registry", "azurerm_container_registry"},
		{"containerservice.azure.upbound.io", "KubernetesCluster", "azurerm_kubernetes_cluster"},
		{"cosmosdb.azure.upbound.io", "Account", "azurerm_cosmosdb_account"},
		{"cosmosdb.azure.upbound.io", "CassandraKeySpace", "azurerm_cosmosdb_cassandra_keyspace"},
		{"dbformysql.azure.upbound.io", "FlexibleServer", "azurerm_mysql_flexible_server"},
		{"dbforpostgresql.azure.upbound.io", "FlexibleServer", "azurerm_postgresql_flexible_server"},
		{"dbforpostgresql.azure.upbound.io", "FlexibleServerFirewallRule", "azurerm_postgresql_flexible_server_firewall_rule"},
		{"eventhub.azure.upbound.io", "EventHubNamespace", "azurerm_eventhub_namespace"},
		{"insights.azure.upbound.io", "MonitorDiagnosticSetting", "azurerm_monitor_diagnostic_setting"},
		{"keyvault.azure.upbound.io", "Key", "azurerm_key_vault_key"},
		{"keyvault.azure.upbound.io", "Vault", "azurerm_key_vault"},
		{"managedidentity.azure.upbound.io", "UserAssignedIdentity", "azurerm_user_assigned_identity"},
		{"network.azure.upbound.io", "DNSZone", "azurerm_dns_zone"},
		{"network.azure.upbound.io", "LoadBalancer", "azurerm_lb"},
		{"network.azure.upbound.io", "SecurityGroup", "azurerm_network_security_group"},
		{"network.azure.upbound.io", "SecurityRule", "azurerm_network_security_rule"},
		{"network.azure.upbound.io", "VirtualNetwork", "azurerm_virtual_network"},
		{"operationalinsights.azure.upbound.io", "Workspace", "azurerm_log_analytics_workspace"},
		{"recoveryservices.azure.upbound.io", "Vault", "azurerm_recovery_services_vault"},
		{"servicebus.azure.upbound.io", "ServiceBusNamespace", "azurerm_servicebus_namespace"},
		{"sql.azure.upbound.io", "MSSQLFirewallRule", "azurerm_mssql_firewall_rule"},
		{"sql.azure.upbound.io", "MSSQLServer", "azurerm_mssql_server"},
		{"storage.azure.upbound.io", "Account", "azurerm_storage_account"},
		{"storage.azure.upbound.io", "AccountNetworkRules", "azurerm_storage_account_network_rules"},
		{"storage.azure.m.upbound.io", "Container", "azurerm_storage_container"},
		{"storage.azure.upbound.io", "DataLakeGen2FileSystem", "azurerm_storage_data_lake_gen2_filesystem"},
		{"web.azure.upbound.io", "LinuxWebApp", "azurerm_linux_web_app"},

		{"artifact.gcp.upbound.io", "RegistryRepository", "google_artifact_registry_repository"},
		{"bigquery.gcp.upbound.io", "Dataset", "google_bigquery_dataset"},
		{"cloudplatform.gcp.upbound.io", "ProjectIAMMember", "google_project_iam_member"},
		{"cloudplatform.gcp.upbound.io", "ServiceAccount", "google_service_account"},
		{"cloudplatform.gcp.upbound.io", "ServiceAccountKey", "google_service_account_key"},
		{"cloudrun.gcp.upbound.io", "Service", "google_cloud_run_service"},
		{"cloudrun.gcp.upbound.io", "V2Service", "google_cloud_run_v2_service"},
		{"compute.gcp.upbound.io", "Disk", "google_compute_disk"},
		{"compute.gcp.upbound.io", "Firewall", "google_compute_firewall"},
		{"compute.gcp.upbound.io", "Instance", "google_compute_instance"},
		{"compute.gcp.upbound.io", "SSLPolicy", "google_compute_ssl_policy"},
		{"compute.gcp.upbound.io", "Subnetwork", "google_compute_subnetwork"},
		{"container.gcp.upbound.io", "Cluster", "google_container_cluster"},
		{"dns.gcp.upbound.io", "ManagedZone", "google_dns_managed_zone"},
		{"kms.gcp.upbound.io", "CryptoKey", "google_kms_crypto_key"},
		{"pubsub.gcp.upbound.io", "Topic", "google_pubsub_topic"},
		{"redis.gcp.upbound.io", "Instance", "google_redis_instance"},
		{"secretmanager.gcp.upbound.io", "Secret", "google_secret_manager_secret"},
		{"spanner.gcp.upbound.io", "Instance", "google_spanner_instance"},
		{"sql.gcp.upbound.io", "DatabaseInstance", "google_sql_database_instance"},
		{"sql.gcp.m.upbound.io", "DatabaseInstance", "google_sql_database_instance"},
		{"storage.gcp.upbound.io", "Bucket", "google_storage_bucket"},
		{"storage.gcp.upbound.io", "BucketIAMMember", "google_storage_bucket_iam_member"},
	}
	table := load(t)
	for _, tt := range tests {
		k, ok := table.kind(tt.group, tt.kind)
		if !ok || k.typ != tt.want {
			t.Errorf("type of %s/%s: %q, %v; want %q", tt.group, tt.kind, k.typ, ok, tt.want)
		}
	}
	for _, group := range []string{"apps", "kubernetes.crossplane.io", "aws.example.com", "x.y.aws.upbound.io", "evil-aws.upbound.io", "upbound.io"} {
		if k, ok := table.kind(group, "Bucket"); ok {
			t.Errorf("type of %s/Bucket: %q, want none", group, k.typ)
		}
	}
}

// Every attribute that the tables judge must be found under the name that the
// providers give its field.
func TestNamesOfTables(t *testing.T) {
	table := load(t)
	if n := len(table.known); n < 1000 {
		t.Fatalf("only %d types are known", n)
	}
	for _, name := range []string{
		"kms_key_id", "cidr_ipv4", "ipv6_cidr_blocks", "http2_enabled", "is_hns_enabled", "min_tls_version", "layer4_configs",
		"enable_dns_support", "publicly_accessible", "map_public_ip_on_launch",
	} {
		if got := Snake(camel(name)); got != name {
			t.Errorf("%s is %s, then %s", name, camel(name), got)
		}
	}
	for in, want := range map[string]string{
		"DBInstance": "db_instance", "VPC": "vpc", "EBSVolume": "ebs_volume", "BucketACL": "bucket_acl", "FunctionURL": "function_url",
		"mapPublicIPOnLaunch": "map_public_ip_on_launch", "": "", "a": "a",
	} {
		if got := Snake(in); got != want {
			t.Errorf("Snake(%q) = %q, want %q", in, got, want)
		}
	}
}
