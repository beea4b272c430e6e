/** What an AADSTS number means, and how the token endpoint reports it. */
export interface AadstsCode {
  /** HTTP status; where the documents give none, it is what the kind of error usually has. */
  readonly status: number;
  readonly error: string;
  readonly text: string;
  /** Who can do something about it. */
  readonly cure: Cure;
  readonly suberror?: string;
  /** Whether the body carries `claims` for the next request. */
  readonly claims?: true;
}

/**
 * Who can cure an error: the customer's administrator, the developer or operator of the app, whoever typed the tenant, the
 * person who signs in, a new sign-in (the refresh token is dead), or waiting. `protocol` is a wrong use of a code or grant.
 */
export type Cure =
  | 'administrator'
  | 'developer'
  | 'tenantName'
  | 'person'
  | 'newSignIn'
  | 'waiting'
  | 'protocol';

/** The AADSTS numbers that the simulator can answer with ("Microsoft Entra authentication and authorization error codes"). */
// biome-ignore format: a table
export const aadstsCodes = {
  65001: { cure: 'administrator', status: 400, error: 'invalid_grant', suberror: 'consent_required', text: 'The user or administrator has not consented to use the application.' },
  65004: { cure: 'administrator', status: 400, error: 'access_denied', text: 'User declined to consent to access the app.' },
  700016: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.' },
  7000229: { cure: 'administrator', status: 401, error: 'invalid_client', text: 'The client application is missing service principal in the tenant.' },
  7000112: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'Application is disabled.' },
  70001: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'The application is disabled or not found.' },
  700011: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'The application was not found in the directory of the tenant.' },
  90094: { cure: 'administrator', status: 400, error: 'access_denied', text: 'Admin consent is required for the permissions requested by this application.' },
  90095: { cure: 'administrator', status: 400, error: 'access_denied', text: 'Admin consent is required; a request was sent to the administrators and is pending.' },
  90008: { cure: 'administrator', status: 400, error: 'invalid_grant', text: 'The user or administrator has not consented to use the application: it must require access to Windows Azure Active Directory by specifying at least "Sign in and read user profile".' },
  90099: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'The application has not been authorized in the tenant. Applications must be authorized to access the customer tenant before partner delegated administrators can use them.' },
  650051: { cure: 'administrator', status: 400, error: 'invalid_client', text: 'The service principal could not be made: the service principal name is already present for the tenant.' },
  650052: { cure: 'administrator', status: 400, error: 'invalid_client', text: 'The app needs access to a service that your organization has not subscribed to or enabled.' },
  501051: { cure: 'administrator', status: 400, error: 'invalid_grant', text: 'The application is not assigned to a role for the application that it asks for.' },
  500011: { cure: 'administrator', status: 400, error: 'invalid_resource', text: 'The resource principal was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant.' },
  50001: { cure: 'administrator', status: 400, error: 'invalid_resource', text: 'The resource principal named in the request was not found in the tenant.' },
  1000031: { cure: 'administrator', status: 400, error: 'unauthorized_client', text: 'The application cannot be accessed at this time. Contact your administrator.' },

  7000222: { cure: 'developer', status: 401, error: 'invalid_client', text: 'The provided client secret keys are expired.' },
  7000215: { cure: 'developer', status: 401, error: 'invalid_client', text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.' },
  70002: { cure: 'developer', status: 401, error: 'invalid_client', text: 'Error validating credentials.' },
  700027: { cure: 'developer', status: 401, error: 'invalid_client', text: 'The certificate with identifier used to sign the client assertion is not registered on application, or is expired, or the signature is wrong.' },
  700030: { cure: 'developer', status: 401, error: 'invalid_client', text: 'Invalid certificate: the subject name in the certificate is not authorized.' },
  50012: { cure: 'developer', status: 401, error: 'invalid_client', text: 'Authentication failed: the signature, the audience or the times of the client assertion are wrong.' },
  7000218: { cure: 'developer', status: 401, error: 'invalid_client', text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'." },
  700025: { cure: 'developer', status: 401, error: 'invalid_client', text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented." },
  50011: { cure: 'developer', status: 400, error: 'invalid_request', text: 'The redirect URI specified in the request does not match the redirect URIs configured for the application.' },
  50194: { cure: 'developer', status: 400, error: 'invalid_request', text: 'The application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such applications.' },
  650056: { cure: 'developer', status: 400, error: 'invalid_client', text: 'Misconfigured application: the client has not listed any permissions, or the administrator has not consented in the tenant.' },
  650057: { cure: 'developer', status: 400, error: 'invalid_resource', text: 'Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the application registration.' },
  65005: { cure: 'developer', status: 400, error: 'invalid_client', text: 'The application required resource access list does not contain applications discoverable by the resource.' },
  70011: { cure: 'developer', status: 400, error: 'invalid_scope', text: 'The provided value for the input parameter scope is not valid.' },
  900144: { cure: 'developer', status: 400, error: 'invalid_request', text: 'The request body must contain the following parameter:' },
  9002313: { cure: 'developer', status: 400, error: 'invalid_request', text: 'Invalid request. Request is malformed or invalid.' },
  700213: { cure: 'developer', status: 401, error: 'invalid_client', text: 'No matching federated identity record found for presented assertion.' },
  70021: { cure: 'developer', status: 401, error: 'invalid_client', text: 'No matching federated identity record found for presented assertion.' },
  700211: { cure: 'developer', status: 401, error: 'invalid_client', text: 'No matching federated identity record found for presented assertion issuer.' },
  700212: { cure: 'developer', status: 401, error: 'invalid_client', text: 'No matching federated identity record found for presented assertion audience.' },
  700024: { cure: 'developer', status: 401, error: 'invalid_client', text: 'Client assertion is not within its valid time range.' },
  50196: { cure: 'developer', status: 400, error: 'invalid_grant', text: 'The server terminated an operation because it encountered a client request loop. Please contact your app vendor.' },

  90002: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.' },
  900021: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Requested tenant identifier is not valid.' },
  900023: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Specified tenant identifier is neither a valid DNS name, nor a valid external domain.' },
  50128: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Invalid domain name: no tenant-identifying information found in either the request or implied by any provided credentials.' },
  50059: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'No tenant-identifying information found in either the request or implied by any provided credentials.' },
  90038: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'The tenant belongs to another national cloud.' },
  900382: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Confidential client is not supported in cross cloud request.' },
  900432: { cure: 'tenantName', status: 400, error: 'invalid_request', text: 'Confidential client is not supported in cross cloud request.' },

  50020: { cure: 'person', status: 400, error: 'access_denied', text: 'The user account from another identity provider does not exist in this tenant and cannot access the application in it.' },
  50034: { cure: 'person', status: 400, error: 'invalid_request', text: 'The user account does not exist in this directory.' },
  51004: { cure: 'person', status: 400, error: 'invalid_grant', text: 'The user account does not exist in the directory. To sign into this application, the account must be added to the directory.' },
  16000: { cure: 'person', status: 400, error: 'interaction_required', text: 'The user account does not exist in the tenant and cannot access the application in it. The account needs to be added as an external user first.' },
  50076: { cure: 'person', status: 400, error: 'invalid_grant', suberror: 'basic_action', claims: true, text: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.' },
  50079: { cure: 'person', status: 400, error: 'invalid_grant', suberror: 'basic_action', claims: true, text: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.' },
  50072: { cure: 'person', status: 400, error: 'interaction_required', text: 'User needs to enroll for second factor authentication (interactive).' },
  50074: { cure: 'person', status: 400, error: 'interaction_required', text: 'Strong authentication is required and the user did not pass the MFA challenge.' },
  50078: { cure: 'person', status: 400, error: 'interaction_required', text: 'Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh it.' },
  53000: { cure: 'person', status: 400, error: 'interaction_required', text: 'Device is not in required device state: compliant. Conditional Access policy requires a compliant device.' },
  53001: { cure: 'person', status: 400, error: 'interaction_required', text: 'Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device.' },
  53002: { cure: 'person', status: 400, error: 'interaction_required', text: 'The application used is not an approved application for Conditional Access.' },
  53003: { cure: 'person', status: 400, error: 'invalid_grant', suberror: 'message_only', text: 'Access has been blocked by Conditional Access policies.' },
  530032: { cure: 'person', status: 400, error: 'access_denied', text: 'Blocked by security policy.' },
  530034: { cure: 'person', status: 400, error: 'access_denied', text: 'A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant.' },
  530035: { cure: 'person', status: 400, error: 'access_denied', text: 'Access has been blocked by security defaults.' },
  50105: { cure: 'person', status: 400, error: 'invalid_grant', text: 'The signed in user is not assigned to a role for the application.' },
  50057: { cure: 'person', status: 400, error: 'invalid_grant', text: 'The user account is disabled.' },
  50058: { cure: 'person', status: 400, error: 'login_required', text: 'A silent sign-in request was sent but no user is signed in.' },
  500021: { cure: 'person', status: 400, error: 'access_denied', text: 'Access to the tenant is denied: your company uses tenant restrictions.' },
  500022: { cure: 'person', status: 400, error: 'access_denied', text: 'Access to the tenant is denied: your company uses tenant restrictions with a policy that does not allow it.' },
  500212: { cure: 'person', status: 400, error: 'access_denied', text: "The user's administrator has set an outbound access policy that does not allow access to the resource tenant." },
  500213: { cure: 'person', status: 400, error: 'access_denied', text: "The resource tenant's cross-tenant access policy does not allow this user to access this tenant." },

  70008: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The provided authorization code or refresh token has expired due to inactivity.' },
  700082: { cure: 'newSignIn', status: 400, error: 'invalid_grant', suberror: 'bad_token', text: 'The refresh token has expired due to inactivity.' },
  50173: { cure: 'newSignIn', status: 400, error: 'invalid_grant', suberror: 'bad_token', text: 'The provided grant has expired due to it being revoked.' },
  70043: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.' },
  50132: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The session is not valid due to password expiration or recent password change.' },
  50133: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The session is not valid due to password expiration or recent password change.' },
  50089: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'Authentication failed due to flow token expired.' },
  70000: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The provided value for the grant is not valid.' },
  9002341: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The user is required to permit single sign-on.' },
  700084: { cure: 'newSignIn', status: 400, error: 'invalid_grant', text: 'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which cannot be extended.' },

  90033: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'A transient error has occurred. Please try again.' },
  90006: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'The service is temporarily unavailable. Please retry later.' },
  90012: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'The request has timed out.' },
  90024: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'The request budget was exceeded: a transient error has occurred. Try again.' },
  50033: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'A transient sign-in error has occurred. Try again.' },
  90090: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'The call to Microsoft Graph failed: a transient error has occurred. Try again.' },
  90041: { cure: 'waiting', status: 503, error: 'temporarily_unavailable', text: 'A transient error has occurred in the key store. Try again.' },
  90055: { cure: 'waiting', status: 429, error: 'temporarily_unavailable', text: 'Too many requests: the tenant is throttled.' },

  50148: { cure: 'protocol', status: 400, error: 'invalid_grant', text: 'The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.' },
  54005: { cure: 'protocol', status: 400, error: 'invalid_grant', text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.' },
  70003: { cure: 'protocol', status: 400, error: 'unsupported_grant_type', text: 'The app returned an unsupported grant type.' },
  90014: { cure: 'protocol', status: 400, error: 'invalid_request', text: 'A required field is missing from the credential.' },
} as const satisfies Readonly<Record<number, AadstsCode>>;
