verified() {
	gate verify "$1" || {
		echo "not approved" >&2
		exit 1
	}
}
