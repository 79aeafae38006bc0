people-title = الأشخاص
people-invite = دعوة شخص
people-name = اسم الدخول
people-may = ما يستطيع فعله
people-passphrase = عبارة المرور
people-to-do = ما العمل
people-look = عرض
people-enrolled = اختيرت
people-not-enrolled = لم تُختر بعد
people-removed = أُزيل
people-pages = صفحات الأشخاص
people-next = الصفحة التالية
people-empty = لا أحد هنا بعد
people-empty-help = من تدعوهم يظهرون هنا مع ما يستطيعون فعله.
people-keys = مفاتيحهم
people-keys-help = تُفتح الرسائل بالمفاتيح لا بعبارات المرور. يؤكد أمين المفاتيح الأشخاص ويلغي ما تُخلّي عنه.
people-removed-now = أُزيل الشخص ولا يستطيع الدخول بعد الآن. على أمين المفاتيح الآن أن يلغي أجهزته.
people-sent-already = أُرسلت هذه الاستمارة من قبل، وعُرض رمزها مرة واحدة. إن ضاع الرمز فابحث عن الشخص هنا وأنشئ رمزاً جديداً.
people-invite-lead = تعطيه اسماً ورمزاً، وبهما يختار عبارة المرور بنفسه.
people-new-name = بداية الاسم
people-new-name-help = تضيف العقدة أربعة أحرف. لا يلزم أن يكون اسمه الحقيقي.
people-new-name-node = به يدخل. لا يلزم أن يكون اسمه الحقيقي.
people-new-roles = ما يستطيع فعله
people-new-button = أنشئ الرمز
people-no-name = اكتب بداية الاسم في 115 حرفاً على الأكثر
people-no-role = اختر دوراً واحداً على الأقل
people-name-taken = هذا الاسم لشخص آخر؛ اختر غيره
people-name-long = هذا الاسم طويل جداً؛ اختر أقصر منه
people-may-case-worker = يبحث عن الخدمات ويأخذ الموافقة ويحيل الأشخاص
people-may-intake = يستلم الإحالات ويجيب عنها، ويقول كم من الأماكن متاح
people-may-administrator = يدعو الأشخاص ويزيلهم، ويوقّع الاتفاقات، ويدير مفاتيح المؤسسة
people-may-data-protection = يرى ما أُفصح عنه بشأن شخص، ويسحب الموافقة نيابة عنه
people-may-coordinator = يدير الآلية: الأعضاء والاتفاقات والدليل والمتأخر
people-may-operator = يشغّل جهاز العقدة ومفاتيحها
people-code-title = يستطيع الدخول الآن
people-code-lead = سلّمه الاثنين باليد أو بالهاتف. لا ترسلهما بالبريد الإلكتروني.
people-code-again = رمز جديد
people-code-again-lead = عبارة المرور السابقة لم تعد تصلح، وأُغلقت جلساته في كل مكان. سلّمه الاثنين باليد أو بالهاتف.
people-code-name = اسم الدخول
people-code-code = الرمز
people-code-until = صالح حتى
people-code-use = ما يُفعل به
people-code-use-help = افتح صفحة العقدة، واختر «لدي رمز وليست لدي عبارة مرور بعد»، واكتب الرمز. يُستعمل مرة واحدة.
people-code-once = يُعرض هذا مرة واحدة
people-code-once-help = لا تحفظ العقدة الرمز. إن ضاع فأنشئ رمزاً جديداً من صفحة الشخص.
people-code-done = سلّمته
people-one = أحد الأشخاص
people-was-removed = أُزيل هذا الشخص
people-was-removed-help = لا يستطيع الدخول، والمفاتيح المحفوظة له هنا مُحيت. لكي يعود، ادعه من جديد.
people-self = هذا أنت
people-self-help = تغيّر عبارة مرورك في حسابك. مدير آخر يعطيك رمزاً جديداً أو يزيلك.
people-roles = ما يستطيع فعله
people-roles-help = يسري التغيير فوراً، حتى حيث يكون قد سجّل الدخول الآن. الرسائل التي يستطيع فتحها بمفتاحه تبقى مفتوحة له إلى أن يغيّر أمين المفاتيح المفاتيح.
people-roles-button = احفظ الأدوار
people-roles-given = تغيّرت الأدوار، وهي سارية من الآن.
people-last = لن يبقى أحد يدير الأشخاص. أعطِ هذا الدور لشخص آخر أولاً.
people-renew = لا يستطيع الدخول
people-renew-help = رمز جديد يحل فوراً محل عبارة مروره ويغلق جلساته. تأكد أنه هو من يطلب: اتصل به على رقم تعرفه.
people-renew-button = أنشئ رمزاً جديداً
people-remove = إزالة الشخص
people-remove-lead = إذا أُزيل:
people-remove-sessions = تُغلق جلساته الآن في كل مكان، ولا يستطيع الدخول ثانية.
people-remove-keys = يُمحى ما تحفظه العقدة من مفتاحه. لا أحد يستطيع استرجاعه.
people-remove-devices = تبقى أجهزته في القائمة حتى يلغيها أمين المفاتيح. افعل ذلك في اليوم نفسه.
people-why = ماذا حدث؟
people-no-reason = اختر ما حدث
people-why-left = غادر
people-why-help-left = يُزال الآن.
people-why-roles = يحتاج إلى أدوار أخرى
people-why-help-roles = يبقى الشخص. تختار الأدوار الأخرى في أعلى هذه الصفحة.
people-why-passphrase = نسي عبارة المرور
people-why-help-passphrase = لا يُزال أحد. يكفي رمز جديد.
people-why-device = فقد جهازاً
people-why-help-device = لا يُزال أحد. أمين المفاتيح يلغي الجهاز.
people-remove-button = متابعة
own-title = خدماتنا
own-lead = من يبحث يرى كم لديكم من الأماكن. ما تقوله يصلح مدة ثم يُعدّ غير معروف.
own-said = شكراً. من يبحث يراه من الآن.
own-who-says = موظفو الاستقبال يقولون كم من الأماكن متاح.
own-empty = لا خدمة لكم في القائمة
own-empty-help = يعرض المديرون لديكم الخدمات، ومن يديرون الدليل يدرجونها في القائمة، أو يربطون خدمات مستوردة بمؤسستكم. عندئذ تظهر هنا.
own-say = قل كم من الأماكن متاح
own-no-place = لا مكان
own-holds-until = يصلح حتى { $moment }
own-ran-out = انتهت صلاحيته في { $moment }
own-nobody-said = لم يقل أحد كم من الأماكن متاح
own-pages = صفحات الخدمات
own-next = الصفحة التالية
own-room-title = كم من الأماكن متاح؟
own-availability = الخدمة في الوقت الحاضر
own-availability-open = تستقبل أشخاصاً
own-availability-waitlist = لديها قائمة انتظار
own-availability-assessment = تستقبل بعد تقييم
own-availability-full = ممتلئة
own-availability-unknown = لا تستطيع أن تقول
own-availability-wrong = اختر هل تستقبل الخدمة أشخاصاً
own-places = الأماكن
own-places-help = كم شخصاً تستطيعون استقبالهم. اتركه فارغاً إن كان لا يُعدّ.
own-places-wrong = اكتب رقماً من 0 إلى 1,000,000، أو لا شيء
own-until = يصلح حتى نهاية يوم
own-until-help = { $days ->
    [one] ليوم واحد ({ $days }) إن تُرك فارغاً؛ سنة على الأكثر.
    [two] ليومين ({ $days }) إن تُرك فارغاً؛ سنة على الأكثر.
    [few] لمدة { $days } أيام إن تُرك فارغاً؛ سنة على الأكثر.
    [many] لمدة { $days } يوماً إن تُرك فارغاً؛ سنة على الأكثر.
   *[other] لمدة { $days } يوم إن تُرك فارغاً؛ سنة على الأكثر.
}
own-until-wrong = اختر يوماً من اليوم فصاعداً وخلال سنة على الأكثر، أو لا شيء
own-note = للإضافة
own-note-help = سطر واحد يقرؤه الأعضاء الآخرون. لا شيء عن شخص.
own-note-wrong = اكتب سطراً من 200 حرف على الأكثر، أو لا شيء
own-button = قل ذلك
own-leave = اتركه كما هو
own-stale = غيّر شخص آخر هذه الخدمة في هذه الأثناء
own-stale-help = ما يصلح الآن مكتوب أدناه، وما كتبته لا يزال في الاستمارة. أرسلها مرة أخرى إن كانت لا تزال صحيحة.
own-offer = اعرض خدمة
own-offer-lead = ينظر من يديرون الدليل في ما تعرضه ويقررون إدراجه في القائمة. حتى ذلك الحين لا يراه إلا مؤسستك وهم.
own-offer-button = اعرضها
own-verified-until = جرى التحقق في { $day }، ويعاد قبل { $due }
own-verified = جرى التحقق في { $day }
own-never-verified = لم يتحقق أحد من هذه البيانات بعد
own-done-offered = عرضك ينتظر من يديرون الدليل. عندما يقررون يظهر القرار هنا.
own-done-sent = أُرسل هذا النموذج من قبل، وحُسب مرة واحدة.
own-done-submitted = ما غيّرته ينتظر من يديرون الدليل. إلى أن يقرروا تبقى البيانات كما كانت.
own-done-kept = حُفظت مسودتك. لا يقرر فيها أحد قبل أن تسلّمها.
own-done-dropped = حُذفت المسودة. تبقى البيانات كما هي.
own-done-confirmed = شكراً. من يبحث يرى أن البيانات جرى التحقق منها اليوم.
own-draft-submitted = تغيير ينتظر القرار
own-draft-kept = مسودة محفوظة لم تُسلَّم بعد
own-draft-rejected = رُفض: غيّره وسلّمه من جديد
own-draft-none = لم يُسلَّم شيء
own-entry-edit = بيانات الخدمة
own-entry-confirm = هل هي صحيحة كما هي؟
own-entry-confirm-help = اقرأ النموذج أدناه. إن كان كله صحيحاً فقل ذلك: تُعدّ البيانات عندئذ متحققاً منها اليوم.
own-entry-confirm-button = هي صحيحة كما هي
own-entry-change = غيّر ما تقوله
own-entry-change-help = ينظر من يديرون الدليل في تغييرك ويقررون. حتى ذلك الحين تبقى البيانات كما هي الآن.
own-entry-why = السبب المذكور
own-entry-outdated = تغيّرت البيانات منذ كُتبت هذه المسودة. راجعها، وسلّمها من جديد إن كانت لا تزال صحيحة.
own-entry-stale-help = ما كتبته لا يزال في النموذج. وحيث يصح الآن شيء آخر فهو مكتوب بجانبه. أرسله مرة أخرى إن كان لا يزال صحيحاً.
own-entry-now = المكتوب الآن: { $says }
own-entry-now-nothing = لا شيء مكتوب هنا الآن
own-entry-nothing = لم تغيّر شيئاً
own-entry-refused = لا يمكن حفظ هذا. تقول المنصة: { $why }
own-entry-submit = سلّمه
own-entry-keep = احفظه مسودةً
own-entry-drop = حذف المسودة
own-entry-drop-help = يضيع عندئذ ما كُتب في المسودة. تبقى البيانات كما هي.
own-entry-drop-button = احذفها
own-entry-service = نوع الخدمة
own-entry-service-wrong = اختر نوع الخدمة
own-entry-choose = اختر
own-entry-name = اسم الخدمة
own-entry-name-wrong = اكتب اسم الخدمة
own-entry-description = ما هي
own-entry-help-description = ما يحصل عليه الناس هناك، بكلمات بسيطة. لا شيء عن شخص.
own-entry-description-wrong = اكتب ما هي الخدمة
own-entry-phone = الهاتف
own-entry-help-phone = رقم الخدمة مع رمز البلد. لا رقم خاصاً.
own-entry-phone-wrong = اكتب رقم هاتف، أو لا شيء
own-entry-email = البريد الإلكتروني
own-entry-help-email = عنوان الخدمة، لا عنوان شخص.
own-entry-email-wrong = اكتب عنوان بريد إلكتروني، أو لا شيء
own-entry-url = عنوان الموقع
own-entry-help-url = العنوان كاملاً، ويبدأ بـ https:// أو http://
own-entry-url-wrong = اكتب عنواناً يبدأ بـ https:// أو http://، أو لا شيء
own-entry-eligibility-description = من تستقبلون
own-entry-help-eligibility-description = كما تقوله على الهاتف: العمر والجنس ومكان العيش والوضع.
own-entry-application-process = كيف يُحال الناس
own-entry-help-application-process = عبر هذه المنصة، أو بالهاتف صباحاً، أو يأتون بأنفسهم.
own-entry-visibility = من يجدها
own-entry-visibility-members = المؤسسات الأعضاء
own-entry-visibility-public = الجميع، حتى دون تسجيل الدخول
own-entry-visibility-wrong = اختر من يجدها
own-entry-urgent = هل تُقبل الإحالات العاجلة؟
own-entry-urgent-help = لا يمكن قول نعم إلا ما دام هناك من يناوب لهذه الخدمة أو لمؤسستك.
own-entry-urgent-yes = نعم
own-entry-urgent-no = لا
own-entry-urgent-unknown = لا يُذكر ذلك
own-entry-urgent-wrong = لا أحد يناوب لهذه الخدمة. أضف أولاً جهة اتصال للمناوبة، أو اختر جوابًا آخر
own-entry-place = أين هي
own-entry-place-help = مكان واحد. اترك كل هذا فارغاً إن لم يكن هناك مكان، أو إن كان يجب ألا يُذكر.
own-entry-places-fixed = لا يمكن تغيير المكان في هذه الصفحة: هناك عدة أماكن، أو أنها من القائمة التي استُوردت منها البيانات.
own-entry-secret = يجب أن يبقى هذا العنوان سرياً
own-entry-secret-help = عندئذ لا يرى المكان إلا مؤسستك ومن يديرون الدليل. ولا تكتب شيئاً منه في الحقول الأخرى.
own-entry-address-1 = العنوان
own-entry-address-2 = العنوان، السطر الثاني
own-entry-city = المدينة
own-entry-state-province = المحافظة أو المنطقة
own-entry-country = البلد
own-entry-help-country = حرفا البلد، مثل ZM
own-entry-country-wrong = اكتب حرفي البلد
own-entry-latitude = خط العرض
own-entry-help-latitude = بالدرجات وبنقطة عشرية، مثل -15.42. خط العرض وخط الطول معاً، أو لا شيء منهما.
own-entry-latitude-wrong = اكتب خط العرض وخط الطول بالدرجات وبنقطة عشرية، أو لا شيء منهما
own-entry-longitude = خط الطول
own-entry-access = إمكانية الوصول
own-entry-help-access = كيف يدخل من لا يمشي أو لا يرى أو لا يسمع جيداً.
own-entry-long = اكتب { $most } حرفاً على الأكثر
own-entry-one-line = اكتبه في سطر واحد
agreements-title = الاتفاقات
agreements-lead = ما الذي يجوز أن ينتقل، ممن وإلى من، ولأي غرض، وإلى متى. لا ينتقل شيء بلا اتفاق سارٍ.
agreements-empty = لا اتفاق بعد
agreements-empty-help = اعرض اتفاقاً فيظهر هنا. وما يعرضه عليكم آخرون يظهر هنا أيضاً.
agreements-pages = صفحات الاتفاقات
agreements-next = الصفحة التالية
agreements-version = النسخة { $version }
agreements-until = حتى { $day }
agreements-signatures = التوقيعات: { $signed } من { $parties }
agreements-state-draft = مسودة
agreements-state-offered = معروض
agreements-state-signed = موقّع، لم يبدأ
agreements-state-in-force = سارٍ
agreements-state-suspended = معلّق
agreements-state-terminated = مُنهى
agreements-state-expired = منتهٍ
agreements-state-superseded = مستبدل
agreements-standing-review-late = سارٍ، المراجعة متأخرة
agreements-standing-review-overdue = متوقف، فات موعد المراجعة
agreements-standing-expired = منتهٍ
agreements-standing-not-effective = لم يبدأ
agreements-one = اتفاق
agreements-lasts = النسخة { $version }، من { $from } إلى { $until }
agreements-round = التوقيعات
agreements-round-help = الجميع يوقّعون النص نفسه. كلمة واحدة تتغير تعيد الجولة من أولها.
agreements-not-signed = لم يوقَّع بعد
agreements-allows = ما يسمح به
agreements-to = إلى
agreements-services = لأجل
agreements-stopped = هذا الاتجاه متوقف
agreements-parties = الأطراف
agreements-data-protection = حماية البيانات
agreements-oversight = من يحقق
agreements-immunities = الامتيازات والحصانات محفوظة
agreements-holds = ما يسري أيضاً
agreements-kept = مدة الحفظ
agreements-kept-received = { $days ->
    [one] يوم واحد ({ $days }) من الاستلام
    [two] يومان ({ $days }) من الاستلام
    [few] { $days } أيام من الاستلام
    [many] { $days } يوماً من الاستلام
   *[other] { $days } يوم من الاستلام
}
agreements-kept-fulfilled = { $days ->
    [one] يوم واحد ({ $days }) من نهاية الغرض
    [two] يومان ({ $days }) من نهاية الغرض
    [few] { $days } أيام من نهاية الغرض
    [many] { $days } يوماً من نهاية الغرض
   *[other] { $days } يوم من نهاية الغرض
}
agreements-sensitive = البيانات الحساسة
agreements-nothing-opened = لم يُفتح شيء منها
agreements-children = بيانات الأطفال
agreements-children-yes = يجوز أن تنتقل إلى من لديه ترخيص لحماية الأطفال
agreements-children-no = لا يجوز أن تنتقل
agreements-onward = النقل إلى آخرين
agreements-onward-none = إلى لا أحد
agreements-onward-same = داخل الشخص القانوني نفسه
agreements-onward-listed = إلى
agreements-destroyed = الإتلاف
agreements-within-days = { $days ->
    [one] خلال يوم واحد ({ $days })
    [two] خلال يومين ({ $days })
    [few] خلال { $days } أيام
    [many] خلال { $days } يوماً
   *[other] خلال { $days } يوم
}
agreements-rights = إلى من يتوجه الشخص
agreements-incidents = الإبلاغ عن الحوادث
agreements-within-hours = { $hours ->
    [one] خلال ساعة واحدة ({ $hours })
    [two] خلال ساعتين ({ $hours })
    [few] خلال { $hours } ساعات
    [many] خلال { $hours } ساعة
   *[other] خلال { $hours } ساعة
}
agreements-law = القانون
agreements-review = المراجعة
agreements-every-months = { $months ->
    [one] كل شهر ({ $months })
    [two] كل شهرين ({ $months })
    [few] كل { $months } أشهر
    [many] كل { $months } شهراً
   *[other] كل { $months } شهر
}
agreements-text = النص الدقيق
agreements-text-open = افتحه
agreements-sign = التوقيع عن مؤسستكم
agreements-sign-help = توقّع النص الدقيق الذي بصمته مكتوبة هنا، بمفتاح هذا الجهاز. لا يُسحب التوقيع؛ وإنهاء الاتفاق يحتاج إلى إشعار مسبق.
agreements-digest = بصمة النص
agreements-signatory = من يوقّع
agreements-office = بأي صفة
agreements-authority = ما يثبت أن له ذلك
agreements-authority-help = مثلاً «النظام الأساسي، المادة 4» أو «قرار المجلس في 2 مارس»
agreements-sign-button = وقّع
agreements-signing = جارٍ التوقيع على هذا الجهاز…
agreements-signed-now = تم التوقيع.
agreements-no-key = ليس لديك مفتاح بعد. اصنع واحداً في «مفتاحك» ثم عد.
agreements-not-confirmed = على أمين المفاتيح أن يؤكد هذا الجهاز قبل أن يوقّع عن مؤسستكم. افتح «مفتاحك» لترى الرمز.
agreements-other-text = النص الذي تعطيه العقدة ليس الذي تعرضه هذه الصفحة. لم يوقَّع شيء. حمّل الصفحة من جديد؛ وإن بقي كذلك فأخبر مسؤول حماية البيانات.
agreements-changed = غيّر أحد الاتفاق أو وقّع عن مؤسستكم في هذه الأثناء. حمّل الصفحة من جديد.
agreements-refused = لم تقبل العقدة التوقيع. لم يوقَّع شيء. راجع ما كتبته و«مفتاحك».
disclosures-title = ما أُفصح عنه بشأن شخص
disclosures-lead = لمن، ومتى، ولأي غرض، وبأي موافقة واتفاق. لشخص يسأل، أو حين تتحقق من أمر.
disclosures-about = الاسم المستعار أو الإحالة
disclosures-about-help = يبدأ الاسم المستعار بـ sub_ ورقم الإحالة بـ ref_. لا يُحفظ في هذه الصفحة ولا يظهر في أي عنوان.
disclosures-logged = كل سؤال يُسجَّل في السجل.
disclosures-button = أعدّ البيان
disclosures-not-an-id = اكتب اسماً مستعاراً كاملاً (sub_ و32 حرفاً) أو رقم إحالة كاملاً (ref_ و32 حرفاً)
disclosures-not-there = ليست لمؤسستكم إحالة كهذه. إن كانت قديمة فاستعمل الاسم المستعار.
disclosures-stated = بيان الإفصاحات
disclosures-made = أعدّته
disclosures-again = اسأل عن شخص آخر
disclosures-more = هناك أكثر مما يتسع له بيان واحد. هذه هي الأقدم.
disclosures-none = لم يُفصح عن شيء
disclosures-none-help = تحت هذا الاسم المستعار لم يخرج شيء ولم يدخل عبر هذه العقدة مما مؤسستكم طرف فيه.
disclosures-kind-referral = إحالة
disclosures-kind-update = تحديث
disclosures-kind-reply = رد
disclosures-kind-withdraw = مسحوب
disclosures-mode-consent = بموافقة
disclosures-mode-emergency = طارئ
disclosures-mode-legal = بطلب القانون
disclosures-mode-info = بلا بيانات عن الشخص
disclosures-untold = لا يريد الشخص أن يعلم به آخرون
disclosures-from = من
disclosures-to = إلى
disclosures-fetched = استُلم { $moment }
disclosures-not-fetched = لم يُستلم
disclosures-for = لأجل
disclosures-consent = الموافقة
disclosures-no-consent = لا توجد
disclosures-agreement = الاتفاق
disclosures-referral = الإحالة
disclosures-purged = مُحي من العقدة
disclosures-token = البيان الموقّع، للتسليم
disclosures-token-label = بيان موقّع من العقدة
disclosures-token-help = من لديه المفتاح العلني للعقدة يستطيع التحقق منه.
account-title = حسابي
account-name = اسم الدخول
account-roles = ما أستطيع فعله
account-organisation = المؤسسة
account-passphrase = عبارة مرور أخرى
account-passphrase-help = كل جلسة مفتوحة باسمك في مكان آخر تُغلق. يحتفظ مفتاحك بكلماته.
account-old = عبارة المرور الحالية
account-button = غيّر عبارة المرور
account-changed = تغيّرت عبارة مرورك، وأُغلقت جلساتك الأخرى.
account-no-old = اكتب عبارة المرور الحالية
account-wrong-old = هذه ليست عبارة مرورك، أو كانت المحاولات كثيرة. انتظر قليلاً أو اطلب رمزاً جديداً من المدير.
account-sessions = أين سجّلت الدخول
account-sessions-help = تعرف العقدة متى، ولا تعرف بأي جهاز ولا من أين. إن لم تعرف إحداها فأنهِها واختر عبارة مرور أخرى.
account-session-since = منذ { $moment }
account-session-used = آخر استعمال { $moment }
account-session-current = هذه
account-session-end = أنهِها
account-sessions-end = سجّل الخروج من كل مكان آخر
account-session-ended = انتهت تلك الجلسة.
account-sessions-ended = سُجّل خروجك من كل مكان آخر.
account-key-help = تُفتح الرسائل بكلمات أخرى لا تعرفها العقدة.
