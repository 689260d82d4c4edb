// The session: the credential, who holds it, and the account. It lives in this tab only.

const KEPT = "nocall";
export const session = {
  token: null, me: null, account: null, name: "",
  ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"),
  keep() {
    const { token, me, account, name } = this;
    sessionStorage.setItem(KEPT, JSON.stringify({ token, me, account, name }));
  },
  end() {
    sessionStorage.removeItem(KEPT);
    Object.assign(this, { token: null, me: null, account: null, name: "" });
  },
  may(action) {
    return this.me?.may.includes(action) ?? false;
  },
  /** Who acts, for a key; a person's own token says so itself. */
  get actingUser() {
    return this.me?.person ? undefined : this.name || undefined;
  },
};
