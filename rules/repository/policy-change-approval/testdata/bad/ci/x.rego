package y # want repository/policy-change-approval
