package terraform

import "strings"

// sensitiveName says whether the providers' schemas (hashicorp/aws 6.47.0,
// azurerm 4.79.0, google 6.50.0, kubernetes, random, tls) mark a string
// attribute of this name as sensitive. Names that some schemas mark and most
// do not ("value", "key", "content") count only for the types listed.
func sensitiveName(typ, name string, top bool) bool {
	if top && sensitiveByType(typ, name) {
		return true
	}
	for _, suffix := range [...]string{
		"password", "password_wo", "passphrase", "private_key", "private_key_pem", "private_key_openssh", "client_secret", "app_secret",
		"shared_secret", "token_secret", "secret_access_key", "secret_key", "access_token", "auth_token", "oauth_token", "refresh_token",
		"sas_token", "api_key", "connection_string", "account_key", "storage_key", "preshared_key", "shared_access_signature",
		"signing_secret", "kube_config_raw", "kube_admin_config_raw", "instrumentation_key", "admin_key", "grant_token",
	} {
		if name == suffix || strings.HasSuffix(name, "_"+suffix) {
			return true
		}
	}
	switch name {
	case "secret_string", "secret_string_wo", "secret_binary", "secret_data", "secret_data_wo", "secret_text", "secret_token", "master_user_secret_string",
		"storage_account_access_key", "primary_access_key", "secondary_access_key", "primary_key", "secondary_key", "authorization_key",
		"pull_secret", "pfx_blob", "pfx_certificate", "protected_settings", "raw_key", "rsa_encrypted_key", "token", "ses_smtp_password_v4",
		"encrypted_password", "site_secret", "service_principal_secret", "key_material_base64", "tenant_token", "license_key", "plaintext":
		return true
	}
	return false
}

func sensitiveByType(typ, name string) bool {
	switch typ {
	case "azurerm_key_vault_secret", "azurerm_app_configuration_key":
		return name == "value"
	case "aws_ssm_parameter":
		return name == "value"
	case "aws_iam_access_key":
		return name == "secret"
	case "random_password":
		return name == "result" || name == "bcrypt_hash"
	case "google_service_account_key":
		return name == "private_key"
	case "local_sensitive_file":
		return name == "content" || name == "content_base64" || name == "source"
	case "azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine",
		"azurerm_linux_virtual_machine_scale_set", "azurerm_windows_virtual_machine_scale_set":
		return name == "custom_data"
	}
	return false
}
