/** The part of the platform's GraphQL schema that the operations of fly-behaviour.md §11 select. */
import { buildSchema } from 'graphql';

export const SCHEMA = buildSchema(`
scalar JSON
scalar ISO8601DateTime
scalar BigInt

type Query {
  viewer: Viewer
  currentUser: User
  organization(slug: String, id: ID, name: String): Organization
  organizations(admin: Boolean, first: Int, after: String, type: String): OrganizationConnection!
  app(name: String, internalId: String): App
  apps(type: String, first: Int, after: String, active: Boolean, role: String, platform: String, organizationId: ID): AppConnection!
  appcompact(name: String): App
  machine(machineId: String!): GqlMachine
  machines(appId: String, active: Boolean): GqlMachineConnection
  latestImageDetails(image: String!, flyVersion: String): ImageVersion
  canPerformBluegreenDeployment(name: String!): Boolean!
  platform: PlatformInformation!
  nearestRegion(wireguardGateway: Boolean): Region
}
type PlatformInformation { regions: [Region!]! requestRegion: String vmSizes: [VmSize!]! }
type VmSize { name: String! cpuCores: Float! memoryGb: Float! memoryMb: Int! }
type Region { name: String! code: String! latitude: Float longitude: Float gatewayAvailable: Boolean requiresPaidPlan: Boolean deprecated: Boolean }
union Viewer = User | Macaroon
type User { id: ID! email: String! name: String enablePaidHobby: Boolean! avatarUrl: String }
type Macaroon { email: String! }
type Organization {
  id: ID! internalNumericId: BigInt! slug: String! rawSlug: String! name: String! type: String! billable: Boolean! paidPlan: Boolean!
  billingStatus: String! viewerRole: String! provisionsBetaExtensions: Boolean! remoteBuilderImage: String! remoteBuilderApp: App
  apps(first: Int, after: String): AppConnection!
  limitedAccessTokens: TokenConnection! members: MemberConnection!
  addOns(type: AddOnType, first: Int, after: String): AddOnConnection!
}
type MemberConnection { edges: [MemberEdge!]! }
type MemberEdge { cursor: String! node: User! joinedAt: ISO8601DateTime! role: String! }
scalar AddOnType
type AddOnConnection { nodes: [AddOn!]! }
type AddOn {
  id: ID! name: String status: String errorMessage: String metadata: JSON options: JSON privateIp: String primaryRegion: String
  readRegions: [String!] addOnPlan: AddOnPlan organization: Organization app: App
}
type AddOnPlan { id: ID! name: String displayName: String description: String }
type TokenConnection { nodes: [LimitedAccessToken!]! }
type LimitedAccessToken { id: ID! name: String! token: String! tokenHeader: String! expiresAt: ISO8601DateTime revokedAt: ISO8601DateTime user: User }
type OrganizationConnection { nodes: [Organization!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String hasPreviousPage: Boolean startCursor: String }
type AppConnection { nodes: [App!]! pageInfo: PageInfo! totalCount: Int! }
type App {
  id: ID! internalNumericId: BigInt! name: String! hostname: String! cnameTarget: String deployed: Boolean! status: String! version: Int!
  appUrl: String platformVersion: String! network: String organization: Organization! config: AppConfig! createdAt: ISO8601DateTime!
  currentRelease: Release currentReleaseUnprocessed: ReleaseUnprocessed
  releases(first: Int, last: Int): ReleaseConnection! releasesUnprocessed(first: Int, last: Int): ReleaseUnprocessedConnection!
  services: [Service!]! ipAddresses: IPAddressConnection! ipAddress(address: String!): IPAddress sharedIpAddress: String
  egressIpAddresses(first: Int): EgressIPConnection!
  imageDetails: ImageVersion latestImageDetails: ImageVersion imageUpgradeAvailable: Boolean image(ref: String!): Image
  machines(first: Int, active: Boolean): GqlMachineConnection! role: AppRole secrets: [Secret!]! regions: [Region!] backupRegions: [Region!]
  addOns(type: AddOnType, first: Int, after: String): AddOnConnection!
  processGroups: [ProcessGroup!]! hostIssues: HostIssueConnection! volumes: VolumeConnection! certificates: CertificateConnection!
  certificate(hostname: String!): Certificate limitedAccessTokens: TokenConnection! vmSize: VmSize
}
type ProcessGroup { name: String! maxPerRegion: Int! }
type AppRole { name: String! }
type HostIssueConnection { nodes: [HostIssue!]! }
type HostIssue { internalId: String! message: String! createdAt: ISO8601DateTime! updatedAt: ISO8601DateTime! }
type AppConfig { definition: JSON parsed: JSON errors: [String!] valid: Boolean }
type Service { description: String! protocol: String! internalPort: Int! ports: [ServicePort!]! }
type ServicePort { port: Int handlers: [String!] }
type Secret { name: String! digest: String! createdAt: ISO8601DateTime! }
type Release {
  id: ID! version: Int! description: String! reason: String! status: String! stable: Boolean! inProgress: Boolean! imageRef: String user: User
  createdAt: ISO8601DateTime! evaluationId: String strategy: String deploymentStrategy: String
}
type ReleaseUnprocessed {
  id: ID! version: Int! description: String! reason: String! status: String! stable: Boolean! inProgress: Boolean! imageRef: String user: User
  createdAt: ISO8601DateTime! configDefinition: JSON evaluationId: String strategy: String
}
type ReleaseConnection { nodes: [Release!]! pageInfo: PageInfo! }
type ReleaseUnprocessedConnection { nodes: [ReleaseUnprocessed!]! pageInfo: PageInfo! }
type IPAddress {
  id: ID! address: String! type: String! region: String createdAt: ISO8601DateTime! network: Network serviceName: String
}
type Network { id: ID name: String! organization: Organization }
type IPAddressConnection { nodes: [IPAddress!]! }
type EgressIP { id: ID! ip: String! version: Int! region: String! updatedAt: ISO8601DateTime }
type EgressIPConnection { nodes: [EgressIP!]! }
type ImageVersion { registry: String! repository: String! tag: String! version: String digest: String! }
type Image { id: ID! digest: String! ref: String! compressedSize: BigInt! compressedSizeFull: BigInt! manifest: JSON label: String }
type GqlMachine {
  id: ID! name: String! config: JSON state: String! region: String! createdAt: ISO8601DateTime! app: App! ips: MachineIPConnection! host: Host
  egressIpAddresses: EgressIPConnection!
}
type GqlMachineConnection { nodes: [GqlMachine!]! }
type MachineIPConnection { nodes: [MachineIP!]! }
type MachineIP { family: String! kind: String! ip: String! maskSize: Int! }
type Host { id: ID! }
type Volume { id: ID! name: String! region: String! sizeGb: Int! createdAt: ISO8601DateTime! encrypted: Boolean! state: String! }
type VolumeConnection { nodes: [Volume!]! }
type Certificate {
  id: ID! hostname: String! clientStatus: String! createdAt: ISO8601DateTime configured: Boolean source: String
  acmeDnsConfigured: Boolean acmeAlpnConfigured: Boolean certificateAuthority: String dnsProvider: String isApex: Boolean isWildcard: Boolean
  dnsValidationInstructions: String dnsValidationHostname: String dnsValidationTarget: String
}
type CertificateConnection { nodes: [Certificate!]! }

type Mutation {
  createApp(input: CreateAppInput!): CreateAppPayload
  deleteApp(appId: ID!): DeleteAppPayload
  setSecrets(input: SetSecretsInput!): SetSecretsPayload
  unsetSecrets(input: UnsetSecretsInput!): SetSecretsPayload
  allocateIpAddress(input: AllocateIPAddressInput!): AllocateIPAddressPayload
  releaseIpAddress(input: ReleaseIPAddressInput!): ReleaseIPAddressPayload
  allocateEgressIpAddress(input: AllocateEgressIPAddressInput!): EgressIPPayload
  releaseEgressIpAddress(input: ReleaseEgressIPAddressInput!): EgressIPPayload
  createRelease(input: CreateReleaseInput!): CreateReleasePayload
  updateRelease(input: UpdateReleaseInput!): UpdateReleasePayload
  createLimitedAccessToken(input: CreateLimitedAccessTokenInput!): CreateLimitedAccessTokenPayload
}
input CreateAppInput { organizationId: ID! name: String network: String machines: Boolean appRoleId: String preferredRegion: String heroku: Boolean clientMutationId: String }
type CreateAppPayload { app: App! }
type DeleteAppPayload { organization: Organization! }
input SecretInput { key: String! value: String! }
input SetSecretsInput { appId: ID! secrets: [SecretInput!]! replaceAll: Boolean clientMutationId: String }
input UnsetSecretsInput { appId: ID! keys: [String!]! clientMutationId: String }
type SetSecretsPayload { app: App! release: Release }
input AllocateIPAddressInput { appId: ID! type: String! region: String organizationId: ID network: String serviceName: String clientMutationId: String }
type AllocateIPAddressPayload { app: App! ipAddress: IPAddress }
input ReleaseIPAddressInput { appId: ID ipAddressId: ID ip: String clientMutationId: String }
type ReleaseIPAddressPayload { app: App! }
input AllocateEgressIPAddressInput { appId: ID! machineId: ID region: String clientMutationId: String }
input ReleaseEgressIPAddressInput { appId: ID! machineId: ID ip: String clientMutationId: String }
type EgressIPPayload { v4: String v6: String clientMutationId: String }
input CreateReleaseInput {
  appId: ID! definition: JSON! image: String! platformVersion: String! strategy: String! buildId: ID clientMutationId: String
}
type CreateReleasePayload { app: App! release: ReleaseUnprocessed! }
input UpdateReleaseInput { releaseId: ID! status: String! metadata: JSON clientMutationId: String }
type UpdateReleasePayload { release: ReleaseUnprocessed! }
input CreateLimitedAccessTokenInput { name: String! organizationId: ID! profile: String! profileParams: JSON expiry: String optInThirdParties: [String!] clientMutationId: String }
type CreateLimitedAccessTokenPayload { limitedAccessToken: LimitedAccessToken! }
`);
